# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock
import urllib.error
import urllib.parse
import urllib.request

import hello


class Settings(unittest.TestCase):
    def file(self, text):
        file = tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8")
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        return file.name

    def test_defaults(self):
        self.assertEqual(hello.settings({}), {"greeting": "Hello", "port": 8080})

    def test_file_then_environment(self):
        path = self.file('{"greeting": "Moin", "port": 8081}')
        self.assertEqual(hello.settings({"CONFIG_FILE": path}), {"greeting": "Moin", "port": 8081})
        self.assertEqual(hello.settings({"CONFIG_FILE": path, "GREETING": "Hej"})["greeting"], "Hej")

    def test_missing_file_means_defaults(self):
        self.assertEqual(hello.settings({"CONFIG_FILE": "/nonexistent"})["greeting"], "Hello")

    def test_broken_file_is_named_with_its_line(self):
        path = self.file('{\n  "greeting": \n}')
        with self.assertRaisesRegex(ValueError, f"{path}:3:1"):
            hello.settings({"CONFIG_FILE": path})

    def test_unknown_setting(self):
        with self.assertRaisesRegex(ValueError, "unknown setting greting"):
            hello.settings({"CONFIG_FILE": self.file('{"greting": "Hi"}')})

    def test_port_must_be_a_number(self):
        with self.assertRaisesRegex(ValueError, "LISTEN_PORT"):
            hello.settings({"LISTEN_PORT": "tcp://10.0.0.1:80"})


class Greeting(unittest.TestCase):
    def test_greets(self):
        self.assertEqual(hello.greet("Hello", " World "), "Hello, World!")

    def test_refuses(self):
        for name in ("", "  ", "x" * 65, "a\nb"):
            with self.subTest(name=name), self.assertRaises(ValueError):
                hello.greet("Hello", name)


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        quiet = unittest.mock.patch.object(hello.Handler, "log_message")
        quiet.start()
        cls.addClassCleanup(quiet.stop)
        cls.server = hello.Server(("127.0.0.1", 0), "Hello")
        cls.thread = threading.Thread(target=cls.server.serve_forever, args=(0.01,))
        cls.thread.start()
        cls.url = f"http://127.0.0.1:{cls.server.server_address[1]}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.thread.join()
        cls.server.server_close()

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_health(self):
        self.assertEqual(self.get("/healthz"), (200, '{"status": "ok"}\n'))

    def test_hello(self):
        self.assertEqual(json.loads(self.get("/hello/World")[1]), {"greeting": "Hello, World!"})
        self.assertEqual(json.loads(self.get("/hello/Zo%C3%AB")[1]), {"greeting": "Hello, Zoë!"})

    def test_bad_names(self):
        for path in ("/hello/", "/hello/%FF", "/hello/a%0Ab"):
            with self.subTest(path=path):
                self.assertEqual(self.get(path)[0], 400)

    def test_nothing_there(self):
        self.assertEqual(self.get("/nothing")[0], 404)

    def test_metrics_count_answers(self):
        self.get("/healthz")
        self.assertRegex(self.get("/metrics")[1], r'hello_answers_total\{code="200"\} [1-9]')

    def test_every_example_of_the_spec_is_true(self):
        paths = json.loads(self.get("/?spec")[1])["paths"]
        self.assertGreaterEqual(len(paths), 2)
        for path, operations in paths.items():
            for ample in operations["get"]["x-amples"]:
                with self.subTest(path=path, title=ample["title"]):
                    params = ample["request"].get("params", {})
                    quoted = {key: urllib.parse.quote(value) for key, value in params.items()}
                    status, body = self.get(path.format(**quoted))
                    self.assertEqual(status, ample["response"]["status"])
                    for key, wanted in ample["response"]["body"].items():
                        got = json.loads(body)[key]
                        if wanted.startswith("/"):
                            self.assertRegex(got, wanted.strip("/"))
                        else:
                            self.assertEqual(got, wanted)


class Process(unittest.TestCase):
    def test_sigterm_ends_it_at_once_and_in_order(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "hello"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LISTEN_PORT": "0"},
        )
        self.assertIn("listens", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=3)
        self.assertEqual(process.returncode, 0)
        self.assertIn("has ended", rest)


if __name__ == "__main__":
    unittest.main()
