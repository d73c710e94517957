//! What the tests need beside Rust, and how it comes onto a fresh machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Error};

/// A program that the tests run, and the Debian package that brings it.
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
    needed_for: &'static str,
}

const NODE: Tool = Tool { program: "node", package: "nodejs", needed_for: "the browser and SDK tests" };
const NPM: Tool = Tool { program: "npm", package: "npm", needed_for: "the browser and SDK tests" };
const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium", needed_for: "the browser tests" };
const PYTHON: Tool = Tool { program: "python3", package: "python3-venv", needed_for: "the SDK and API tests" };
const CURL: Tool = Tool { program: "curl", package: "curl", needed_for: "scripts as people write them" };
const JQ: Tool = Tool { program: "jq", package: "jq", needed_for: "scripts as people write them" };
const BC: Tool = Tool { program: "bc", package: "bc", needed_for: "scripts as people write them" };
const NGINX: Tool = Tool { program: "nginx", package: "nginx-light", needed_for: "an upstream to break" };
const HAPROXY: Tool = Tool { program: "haproxy", package: "haproxy", needed_for: "a peer to compare with" };
const WRK: Tool = Tool { program: "wrk", package: "wrk", needed_for: "calls in great number" };
const PROMETHEUS: Tool = Tool { program: "prometheus", package: "prometheus", needed_for: "a peer to compare with" };

/// What the tests run.
pub(crate) const FOR_TESTS: [Tool; 9] = [NODE, NPM, CHROMIUM, PYTHON, CURL, JQ, BC, NGINX, WRK];
/// What the benchmarks run.
pub(crate) const FOR_BENCHES: [Tool; 4] = [NGINX, HAPROXY, WRK, PROMETHEUS];

/// Where the browser tests and their packages live.
pub(crate) const BROWSER_TESTS: &str = "tests/browser";
/// Where the tests with the platform's JavaScript SDK live.
pub(crate) const SDK_TESTS: &str = "tests/sdk/js";

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

/// The packages of tests in JavaScript, exactly as their lock file has them.
pub(crate) fn ensure_packages(tests: &str, may_install: bool) -> Result<(), Error> {
    let folder = shell::root().join(tests);
    // npm writes this file last, and a newer lock file asks for another installation.
    let (lock, installed) = (folder.join("package-lock.json"), folder.join("node_modules/.package-lock.json"));
    if is_newer(&installed, &lock) {
        return Ok(());
    }
    if !may_install {
        return Err(format!("the packages of {tests} are missing; run `npm ci` there, or run without --no-install"));
    }
    eprintln!("installing from npm: the packages of {tests}");
    let mut npm = shell::command("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    npm.current_dir(folder);
    shell::run(npm)
}

/// What the tests in Python need, each exactly as named there.
const REQUIREMENTS: [&str; 2] = ["tests/sdk/python/requirements.txt", "tests/api/requirements.txt"];

/// A Python with the packages of the tests, in an environment of its own; gives the program.
pub(crate) fn ensure_python(may_install: bool) -> Result<PathBuf, Error> {
    let environment = shell::root().join("target/python");
    let requirements = REQUIREMENTS.map(|file| shell::root().join(file));
    let (python, mark) = (environment.join("bin/python"), environment.join("installed"));
    if requirements.iter().all(|file| is_newer(&mark, file)) {
        return Ok(python);
    }
    if !may_install {
        return Err("the packages of the tests in Python are missing; run without --no-install".to_owned());
    }
    let folder = environment.to_string_lossy();
    if shell::run(shell::command("python3", &["-m", "venv", "--clear", &folder])).is_err() {
        // Debian keeps this part of Python in a package of its own.
        install(&[PYTHON.package])?;
        shell::run(shell::command("python3", &["-m", "venv", "--clear", &folder]))?;
    }
    eprintln!("installing from PyPI: the packages of the tests in Python");
    let mut pip =
        shell::command(&python.to_string_lossy(), &["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    for file in &requirements {
        pip.arg("-r").arg(file);
    }
    shell::run(pip)?;
    fs::write(&mark, "").map_err(|error| format!("write {}: {error}", mark.display()))?;
    Ok(python)
}

/// True when the first file is there and not older than the second.
fn is_newer(first: &Path, second: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    modified(first).is_some_and(|first| modified(second).is_some_and(|second| first >= second))
}

/// Servers live in `/usr/sbin`, which is not on everybody's path.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).any(|file| file.is_file())
}
