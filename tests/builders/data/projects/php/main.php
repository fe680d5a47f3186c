<?php
// SPDX-License-Identifier: Apache-2.0
require "vendor/autoload.php";
echo Service\Greeting::TEXT, "\n";
