//! Gateways come into the path of a service and leave it again: the commands, what they refuse, and what is left behind; over real
//! registries, with real Java parties where there is a JDK.

mod commands;
mod java;
mod scene;
