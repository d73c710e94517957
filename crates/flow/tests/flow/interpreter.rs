//! The rules of execution, one sentence each.

use std::time::Duration;

use crate::script::{World, check, check_flow, failure, flow_of, run, success};
use flow::{ACTIONS_MAX, OutcomeKind, Reply};

const ASK: &str = r#"
- callData:
    category: { CRM: { dataAction: { Lookup: {
      inputs: { ani: { exp: Call.Ani }, none: { noValue: true } },
      successOutputs: { name: { var: Flow.name } },
      failureOutputs: { status: { var: Flow.status } } } } } }
    outputs:
      failure: { actions: [ setParticipantData: { attributes: [ attribute: { name: { lit: status }, value: { exp: Flow.status } } ] } ] }
      timeout: { actions: [ playAudio: { audio: { tts: Too slow } } ] }
- setParticipantData: { attributes: [ attribute: { name: { lit: name }, value: { exp: Flow.name } } ] }
- transferToAcd: { targetQueue: { lit: { name: Support } } }
"#;

fn world(reply: Reply, ms: u64) -> World {
    World { replies: vec![(reply, ms)], ..World::default() }
}

#[test]
fn a_missing_output_falls_through_to_the_next_action() {
    check(
        ASK,
        &world(success(r#"{"name": "Ada"}"#), 10),
        r#"
        ask CRM/Lookup {"ani":"tel:+13175550100"}
        transfer Support
        end queue Support name=Ada
        "#,
    );
}

#[test]
fn a_failure_sets_its_details_and_leaves_the_success_variables() {
    check(
        ASK,
        &world(failure(&[("status", "503")]), 10),
        r#"
        ask CRM/Lookup {"ani":"tel:+13175550100"}
        transfer Support
        end queue Support status=503
        "#,
    );
}

#[test]
fn a_timeout_takes_its_own_path() {
    check(
        ASK,
        &world(Reply::Timeout, 60_000),
        r#"
        ask CRM/Lookup {"ani":"tel:+13175550100"}
        play Too slow
        transfer Support
        end queue Support
        "#,
    );
}

#[test]
fn an_expression_error_takes_the_call_to_the_error_handling() {
    let actions = "- updateData: { statements: [ integer: { variable: Flow.x, value: { exp: Flow.y + 1 } } ] }";
    check(
        actions,
        &World::default(),
        "
        play We are sorry, something went wrong with this call.
        end disconnect (failed to apply `+` to a value that is not set)
        ",
    );
    let settings = "
    settingsErrorHandling:
      errorHandling: { queue: { targetQueue: { lit: { name: Rescue } } } }
      preHandlingAudio: { tts: One moment }
    ";
    check_flow(
        &flow_of(settings, actions),
        &World::default(),
        "
        play One moment
        transfer Rescue
        end queue Rescue (failed to apply `+` to a value that is not set)
        ",
    );
}

#[test]
fn an_error_inside_error_handling_is_a_silent_disconnect() {
    let settings = "
    settingsErrorHandling:
      errorHandling: { task: { targetTaskRef: './tasks/task[main]' } }
      preHandlingAudio: { tts: One moment }
    ";
    check_flow(
        &flow_of(
            settings,
            "- setParticipantData: { attributes: [ attribute: { name: { noValue: true }, value: { lit: a } } ] }",
        ),
        &World::default(),
        "
        play One moment
        end disconnect silent (failed to name participant data by a value that is not set)
        ",
    );
}

#[test]
fn a_task_without_an_end_is_an_error() {
    check(
        "- playAudio: { audio: { tts: Hello } }",
        &World::default(),
        "
        play Hello
        play We are sorry, something went wrong with this call.
        end disconnect (failed to go on at the end of a task: nothing there transfers or ends the call)
        ",
    );
}

#[test]
fn a_disconnect_without_a_word_is_silent_and_one_after_a_word_is_not() {
    check("- disconnect: {}", &World::default(), "end disconnect silent");
    check(
        "
        - playAudio: { audio: { exp: ToAudioBlank(500) } }
        - disconnect: {}
        ",
        &World::default(),
        "
        play [silence 500 ms]
        end disconnect silent
        ",
    );
    check(
        "
        - playAudio: { audio: { tts: Goodbye } }
        - disconnect: {}
        ",
        &World::default(),
        "
        play Goodbye
        end disconnect
        ",
    );
}

#[test]
fn a_called_task_returns_by_its_output_path() {
    let yaml = flow_of(
        "",
        "
        - callTask:
            targetTaskRef: ./tasks/task[helper]
            taskInputs: { word: { lit: hi } }
            outputs:
              good: { actions: [ playAudio: { audio: { tts: Good } } ] }
              default: { actions: [ playAudio: { audio: { tts: Default } } ] }
        - setParticipantData: { attributes: [ attribute: { name: { lit: word }, value: { exp: Task.word } } ] }
        - transferToAcd: { targetQueue: { lit: { name: Support } } }
        ",
    ) + "    - task:
        name: Helper
        refId: helper
        variables: [ stringVariable: { name: Task.word, initialValue: { noValue: true } } ]
        actions:
          - playAudio: { audio: { exp: ToAudioTTS(Task.word) } }
          - endTask: { outputPath: { name: good } }
";
    check_flow(
        &yaml,
        &World::default(),
        "
        play hi
        play Good
        transfer Support
        end queue Support
        ",
    );
}

#[test]
fn loops_count_from_zero_and_can_be_left_and_continued() {
    check(
        r#"
        - loop:
            currentIndex: { var: Flow.i }
            loopCount: { lit: 5 }
            outputs:
              loop:
                actions:
                  - decision:
                      condition: { exp: Flow.i == 1 }
                      outputs: { "yes": { actions: [ loopNext: {} ] } }
                  - decision:
                      condition: { exp: Flow.i == 3 }
                      outputs: { yes: { actions: [ loopExit: {} ] } }
                  - playAudio: { audio: { exp: ToString(Flow.i) } }
        - disconnect: {}
        "#,
        &World::default(),
        "
        play 0
        play 2
        end disconnect
        ",
    );
}

#[test]
fn a_switch_takes_the_first_match() {
    check(
        "
        - switch:
            evaluate:
              firstMatch:
                string:
                  value: { exp: Lower(\"B\") }
                  default: { actions: [ disconnect: {} ] }
                  cases:
                    - case: { value: { lit: a }, actions: [ playAudio: { audio: { tts: A } } ] }
                    - case: { value: { lit: b }, actions: [ playAudio: { audio: { tts: B } } ] }
                    - case: { value: { lit: b }, actions: [ playAudio: { audio: { tts: Again } } ] }
        - disconnect: {}
        ",
        &World::default(),
        "
        play B
        end disconnect
        ",
    );
}

#[test]
fn an_endless_jump_is_cut_off_as_a_loop() {
    let (_, outcome) = run(&flow_of("", "- jumpToTask: { targetTaskRef: './tasks/task[main]' }"), &World::default());
    assert_eq!((outcome.kind, outcome.actions), (OutcomeKind::Loop, ACTIONS_MAX));
    let empty = "
    - loop: { loopCount: { lit: 9223372036854775807 }, outputs: {} }
    - disconnect: {}
    ";
    let (_, outcome) = run(&flow_of("", empty), &World::default());
    assert_eq!((outcome.kind, outcome.actions), (OutcomeKind::Loop, ACTIONS_MAX));
}

#[test]
fn a_refused_transfer_plays_its_audio_and_takes_the_failure_path() {
    check(
        "
        - transferToAcd:
            targetQueue: { lit: { name: VIP } }
            preTransferAudio: { tts: Before }
            failureTransferAudio: { tts: Sorry }
            outputs: { failure: { actions: [ transferToAcd: { targetQueue: { exp: 'FindQueue(\"Support\")' } } ] } }
        ",
        &World { closed: vec!["VIP"], ..World::default() },
        "
        play Before
        transfer VIP
        play Sorry
        transfer Support
        end queue Support
        ",
    );
}

#[test]
fn a_menu_is_repeated_until_a_key_or_the_end_of_patience() {
    let yaml = flow_of(
        "
        settingsMenu: { repeatCount: { lit: 1 } }
        menus:
          - menu:
              name: Top
              refId: top
              audio: { tts: Press one }
              choices:
                - menuTask: { name: Sales, dtmf: digit_1, task: { actions: [ transferToAcd: { targetQueue: { lit: { name: Sales } } } ] } }
                - menuDisconnect: { name: Bye, dtmf: digit_9 }
        ",
        "- jumpToMenu: { targetMenuRef: './menus/menu[top]' }",
    );
    check_flow(
        &yaml,
        &World { keys: vec!['7', '1'], ..World::default() },
        "
        play Press one
        choose 19
        play Press one
        choose 19
        transfer Sales
        end queue Sales
        ",
    );
    check_flow(
        &yaml,
        &World::default(),
        "
        play Press one
        choose 19
        play Press one
        choose 19
        end disconnect (no choice)
        ",
    );
}

#[test]
fn an_unknown_action_is_passed_over() {
    check(
        "
        - setScreenPop: { name: Pop }
        - transferToAcd: { targetQueue: { lit: { name: Support } } }
        ",
        &World::default(),
        "
        transfer Support
        end queue Support
        ",
    );
}

#[test]
fn silence_is_the_wait_unless_a_prompt_covers_it() {
    let (_, outcome) = run(&flow_of("", ASK), &world(Reply::Timeout, 10_000));
    assert_eq!(outcome.dead_air, Duration::from_secs(10));
    let covered = ASK.replace("category:", "processingPrompt: { prompt: Prompt.wait }\n    category:");
    let (_, outcome) = run(&flow_of("", &covered), &world(Reply::Timeout, 10_000));
    assert_eq!(outcome.dead_air, Duration::from_secs(1));
}
