<?php
// SPDX-License-Identifier: Apache-2.0
namespace Service;

class Greeting
{
    public const TEXT = "autoloaded";
}
