//! What commands write: a first configuration, completions, manual pages.

use tempfile::TempDir;

use crate::setup::{filters, run, run_in};

#[test]
fn a_first_configuration_is_written_once_and_works() {
    let _filters = filters();
    let dir = TempDir::new().unwrap();
    insta::assert_snapshot!("init", run_in(dir.path(), &["init"], "").whole());
    assert_eq!(run_in(dir.path(), &["config", "check"], "").code, 0);
    std::fs::write(dir.path().join("steadyline.yaml"), "# mine\n").unwrap();
    insta::assert_snapshot!("init_again", run_in(dir.path(), &["init"], "").whole());
    assert_eq!(std::fs::read_to_string(dir.path().join("steadyline.yaml")).unwrap(), "# mine\n");
    let ended = run_in(dir.path(), &["init", "deep/down", "--format", "json"], "");
    assert_eq!((ended.code, ended.json()["written"].as_str()), (0, Some("deep/down/steadyline.yaml")));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(&["completions", shell]);
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("exit-when-done"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let dir = TempDir::new().unwrap();
    assert!(run(&["man"]).stdout.contains(".TH steadyline 1"));
    assert_eq!(run_in(dir.path(), &["man", "pages"], "").code, 0);
    for page in ["steadyline.1", "steadyline-demo.1", "steadyline-config-explain.1"] {
        assert!(dir.path().join("pages").join(page).exists(), "{page}");
    }
}
