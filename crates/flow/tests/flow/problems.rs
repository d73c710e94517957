//! Files that are wrong say everything that is wrong, where, and what to do.

use flow::{Flow, ProblemKind};

fn check(yaml: &str, expected: &[&str]) {
    let problems = Flow::parse(yaml).unwrap_err();
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{yaml}");
    assert!(problems.iter().all(|problem| problem.hint.ends_with(['.', ']'])));
}

#[test]
fn all_problems_of_a_flow_are_found_at_once() {
    check(
        r#"
inboundCall:
  name: Broken
  startUpRef: ./tasks/task[nowhere]
  tasks:
    - task:
        name: Main
        refId: main
        actions:
          - decision:
              outputs: {}
          - updateData:
              statements:
                - integer:
                    variable: Flow.x
                    value:
                      lit: many
          - playAudio:
              audio:
                exp: ToAudioTTS("hi"
          - jumpToTask:
              targetTaskRef: ./tasks/task[gone]
          - transferToAcd: {}
"#,
        &[
            "4:15: find `./tasks/task[nowhere]`",
            "11:15: find `condition` of decision",
            "17:28: store a string in a variable for a Integer",
            "20:22: find the closing `)` of a function (character 16 of the expression)",
            "22:30: find `./tasks/task[gone]`",
            "23:28: find `targetQueue` of transferToAcd",
        ],
    );
}

#[test]
fn a_file_that_is_no_yaml_or_no_call_flow_says_so() {
    check("", &["1:1: read an empty file"]);
    check("workflow: {}", &["1:1: find `inboundCall` at the top of the file: found `workflow`"]);
    let problems = Flow::parse("inboundCall:\n  name: [a\n").unwrap_err();
    assert_eq!(problems.iter().next().unwrap().kind, ProblemKind::Syntax);
}

#[test]
fn one_name_for_two_things_is_a_problem() {
    check(
        "
inboundCall:
  name: Twice
  name: Again
  startUpRef: ./tasks/task[a]
  tasks:
    - task: { name: A, refId: a, actions: [ disconnect: {} ] }
    - task: { name: B, refId: a, actions: [ disconnect: {} ] }
",
        &["4:3: read the key `name` twice in one map", "8:13: tell two tasks with the refId `a` apart"],
    );
}

#[test]
fn a_file_of_brackets_is_refused_before_it_is_walked() {
    assert!(Flow::parse(&"[".repeat(100_000)).is_err());
    assert!(Flow::parse(&"{a: ".repeat(50_000)).is_err());
    assert!(Flow::parse(&(0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()).is_err());
}

#[test]
fn aliases_are_refused() {
    let problems = Flow::parse("inboundCall: &a\n  name: *a\n").unwrap_err();
    assert_eq!(problems.iter().next().unwrap().message, "read a YAML alias");
}
