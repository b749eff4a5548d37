//! `cargo xtask dist`: a release binary that runs on distributions back to glibc 2.17 (2012), made
//! with zig's C compiler and libraries. Dynamic on purpose: a static glibc crashes where nsswitch
//! names a plugin.

use std::path::Path;
use std::process::Command;

/// Versions that were tried together.
const TOOLS: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.0"];
/// The oldest C library that the binary may need.
const TARGET: &str = "x86_64-unknown-linux-gnu.2.17";
/// Where the tools go.
const TOOLS_FOLDER: &str = "target/dist-tools";

/// Builds it, and tells where it is.
pub(crate) fn run() -> Result<(), String> {
    if !Path::new(TOOLS_FOLDER).join("bin/cargo-zigbuild").exists() {
        println!("dist: installing {} into {TOOLS_FOLDER}", TOOLS.join(" and "));
        call(Command::new("python3").args(["-m", "venv", TOOLS_FOLDER]))?;
        call(
            Command::new(format!("{TOOLS_FOLDER}/bin/pip"))
                .args(["install", "--quiet"])
                .args(TOOLS),
        )?;
    }
    let tools = std::fs::canonicalize(TOOLS_FOLDER).map_err(|error| error.to_string())?.join("bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut build = Command::new("cargo");
    build.args(["zigbuild", "--release", "--locked", "-p", "abide", "--target", TARGET]);
    build.env("PATH", format!("{}:{path}", tools.display()));
    // The keeper's folder on servers is named by this id.
    build.env("RUSTFLAGS", "-C link-arg=-Wl,--build-id");
    call(&mut build)?;
    println!("dist: target/x86_64-unknown-linux-gnu/release/abide");
    Ok(())
}

fn call(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
