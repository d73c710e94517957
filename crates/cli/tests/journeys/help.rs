//! What `--help` says, of every command.

use crate::setup::run;

#[test]
fn every_command_says_what_it_is_for_and_how_it_is_called() {
    let commands = [
        "",
        "demo",
        "serve",
        "twin",
        "init",
        "doctor",
        "config",
        "config check",
        "config show",
        "config schema",
        "config explain",
        "budget backtest",
        "degrade",
        "degrade status",
        "degrade circuits",
        "budget",
        "budget list",
        "budget show",
        "budget explain",
        "budget burn",
        "budget reset",
        "budget backtest",
        "budget create",
        "budget import",
        "budget export",
        "gate",
        "maintenance",
        "maintenance request",
        "maintenance approve",
        "maintenance reject",
        "maintenance revoke",
        "maintenance list",
        "rollback",
        "rollback status",
        "rollback history",
        "rollback explain",
        "rollback run",
        "rollback approve",
        "rollback backtest",
        "review",
        "review init",
        "review verify",
        "review recover",
        "drill",
        "drill check",
        "drill schema",
        "flow",
        "flow lint",
        "flow trace",
        "flow graph",
        "flow validate",
        "flow versions",
        "flow lock",
        "flow unlock",
        "flow publish",
        "flow recover",
        "integration",
        "integration check",
        "deployment",
        "deployment push",
        "deployment approve",
        "deployment list",
        "shim",
        "shim install",
        "incidents",
        "incidents list",
        "incidents ack",
        "completions",
        "man",
    ];
    for command in commands {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let ended = run(&args);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{command}");
        assert!(
            ended.stdout.contains("Example:\n") || ended.stdout.contains("Examples:\n"),
            "{command} has no example"
        );
        let name = if command.is_empty() { "steadyline".to_owned() } else { command.replace(' ', "_") };
        insta::assert_snapshot!(format!("help_{name}"), ended.stdout);
    }
}

#[test]
fn a_wrong_call_ends_with_2() {
    for args in [&["frobnicate"][..], &["demo", "--speed", "11"], &["demo", "--speed", "0"], &["serve", "--role", "x"]]
    {
        assert_eq!(run(args).code, 2, "{args:?}");
    }
}

#[test]
fn a_story_that_is_not_there_is_refused_and_those_that_are_there_are_named() {
    for story in ["good-release", "region-loss"] {
        let ended = run(&["demo", "--story", story]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("[possible values: crm-outage, budget-burn, bad-release]"), "{}", ended.stderr);
    }
}
