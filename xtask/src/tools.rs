//! What the tests need beside Rust, and how it comes onto a fresh machine.

use std::process::Command;

use crate::shell::{self, Error};

/// A program that the tests run, and the Debian package that brings it.
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
    needed_for: &'static str,
}

const NODE: Tool = Tool { program: "node", package: "nodejs", needed_for: "the browser tests" };
const NPM: Tool = Tool { program: "npm", package: "npm", needed_for: "the browser tests" };
const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium", needed_for: "the browser tests" };
const NGINX: Tool = Tool { program: "nginx", package: "nginx-light", needed_for: "an upstream to break" };
const HAPROXY: Tool = Tool { program: "haproxy", package: "haproxy", needed_for: "a peer to compare with" };
const WRK: Tool = Tool { program: "wrk", package: "wrk", needed_for: "calls in great number" };

/// What the tests run.
pub(crate) const FOR_TESTS: [Tool; 5] = [NODE, NPM, CHROMIUM, NGINX, WRK];
/// What the benchmarks run.
pub(crate) const FOR_BENCHES: [Tool; 3] = [NGINX, HAPROXY, WRK];

/// Where the browser tests and their packages live.
pub(crate) const BROWSER_TESTS: &str = "tests/browser";

/// Makes sure that every tool is there; installs what is missing unless that is refused.
pub(crate) fn ensure(tools: &[Tool], may_install: bool) -> Result<(), Error> {
    let missing: Vec<_> = tools.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for Tool { program, package, needed_for } in &missing {
        eprintln!("missing: {program} (Debian package {package}), needed for {needed_for}");
    }
    if !may_install {
        return Err("programs that are needed are missing; install them, or run without --no-install".into());
    }
    install(&missing.iter().map(|tool| tool.package).collect::<Vec<_>>())
}

fn install(packages: &[&str]) -> Result<(), Error> {
    eprintln!("installing from Debian: {}", packages.join(" "));
    shell::run(apt(&["update", "-q"]))?;
    let mut args = vec!["install", "-y", "-q", "--no-install-recommends"];
    args.extend(packages);
    shell::run(apt(&args))
}

/// `apt-get`, through `sudo` where this is not root.
fn apt(args: &[&str]) -> Command {
    let is_root = shell::output(shell::command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    let mut command =
        if is_root { shell::command("apt-get", args) } else { shell::command("sudo", &[&["apt-get"], args].concat()) };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The browser tests' packages, exactly as their lock file has them.
pub(crate) fn ensure_packages(may_install: bool) -> Result<(), Error> {
    let tests = shell::root().join(BROWSER_TESTS);
    if !tests.join("package.json").exists() || tests.join("node_modules/playwright-core").exists() {
        return Ok(());
    }
    if !may_install {
        return Err(format!(
            "the packages of {BROWSER_TESTS} are missing; run `npm ci` there, or run without --no-install"
        ));
    }
    eprintln!("installing from npm: the packages of {BROWSER_TESTS}");
    let mut npm = shell::command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    npm.current_dir(tests);
    shell::run(npm)
}

/// Servers live in `/usr/sbin`, which is not on everybody's path.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).any(|file| file.is_file())
}
