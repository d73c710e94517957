//! What is saved goes on as if nothing had happened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now};
use fastrand::Rng;
use flow::{DataAction, Flow};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::*;
use crate::scenario::{Scenario, play};
use crate::world::callers::Due;
use crate::world::{
    Change, Client, Execution, Fact, Fault, FaultKind, FaultTarget, Integration, Organisation, Settings as Behaviour,
    UsageKey,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Not at the beginning of time, and not on a whole millisecond.
fn began() -> Now {
    let wall = Timestamp::from_nanosecond(1_790_000_000_123_456_789).unwrap();
    Now { mono: Mono::from_start(Duration::from_nanos(987_654_321)), wall }
}

fn at(after: Duration) -> Now {
    began().later(after)
}

fn scenario(name: &str, seed: u64) -> Vec<World> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/twin").join(name);
    let mut scenario = Scenario::read(&path).unwrap();
    scenario.seed = seed;
    scenario.build(began()).unwrap().worlds
}

fn text(world: &World, now: Now) -> String {
    serde_json::to_string(&world.save(now)).unwrap()
}

fn loaded(text: &str, now: Now) -> World {
    let Loaded { world, questions } = World::load(Saved::read(text.as_bytes()).unwrap(), 0, now).unwrap();
    assert!(questions.is_empty());
    world
}

/// Saves organisations after `length`, lets copies from the files live on beside them for a while, and looks for a
/// difference.
fn photograph(worlds: &mut [World], length: Duration, longer: Duration, what: &str) {
    play(worlds, began(), length).unwrap();
    let files: Vec<String> = worlds.iter().map(|world| text(world, at(length))).collect();
    let mut copies: Vec<World> = files.iter().map(|file| loaded(file, at(length))).collect();
    for (copy, file) in copies.iter().zip(&files) {
        assert!(text(copy, at(length)) == *file, "{what}: the second file differs from the first");
    }
    if longer.is_zero() {
        return;
    }
    play(worlds, began(), length + longer).unwrap();
    play(&mut copies, began(), length + longer).unwrap();
    for (world, copy) in worlds.iter().zip(&copies) {
        assert_eq!(copy.totals(), world.totals(), "{what}");
        assert_eq!((copy.log.count(), copy.log.hash()), (world.log.count(), world.log.hash()), "{what}");
        assert!(text(copy, at(length + longer)) == text(world, at(length + longer)), "{what}: they have parted");
    }
}

#[test]
fn every_example_goes_on_from_any_moment_with_any_seed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/twin");
    let (mut live, mut awaited, mut waiting) = (0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for seed in 1..=3 {
            let mut worlds = scenario(&name, seed);
            let mut moment = Duration::ZERO;
            for ms in [0, 61_003, 1_260_077] {
                moment = Duration::from_millis(ms) + Duration::from_nanos(seed);
                photograph(&mut worlds, moment, Duration::ZERO, &format!("{name}, seed {seed}, {moment:?}"));
                live += worlds.iter().map(|world| world.live.len()).sum::<usize>();
                let due = worlds.iter().flat_map(|world| world.agenda.due.values());
                awaited += due.filter(|due| matches!(due, Due::Replies(..))).count();
                waiting += worlds.iter().map(|world| world.totals().waiting).sum::<u64>();
            }
            photograph(&mut worlds, moment, 5 * MINUTE, &format!("{name}, seed {seed}, five minutes on"));
        }
    }
    // The moments are such that there is something to lose.
    assert!(live > 50 && awaited > 0 && waiting > 5, "{live} in flows, {awaited} awaited, {waiting} in queues");
}

#[test]
fn half_a_day_goes_on_for_another_hour() {
    let mut worlds = scenario("crm-outage.yaml", 4);
    photograph(&mut worlds, 720 * MINUTE, 60 * MINUTE, "half a day");
}

/// An organisation with something of everything.
fn busy() -> World {
    let mut worlds = scenario("bad-release.yaml", 5);
    play(&mut worlds, began(), 40 * MINUTE).unwrap();
    let mut world = worlds.remove(0);
    let now = at(40 * MINUTE);
    let client = Client { id: "twin-client".to_owned(), name: "Twin client".to_owned() };
    world.clients.issue("twin-client", "twin-secret", "token".to_owned(), &Behaviour::default(), now.mono).unwrap();
    world.clients.admit("token", 300, now.mono).unwrap();
    world.clients.admit_operation("token", "GET /api/v2/flows", 1, now.mono).unwrap();
    world.jobs.begin("export", "job", json!({"asked": 1.1}), now);
    world.channels.open("channel".to_owned(), "twin-client", now);
    world.channels.get_mut("channel", now).unwrap().topics.push("v2.flows.x".to_owned());
    let fault = Fault { target: FaultTarget::Tokens, kind: FaultKind::Throttle(MINUTE), ttl: 9 * MINUTE };
    assert!(world.faults.inject(fault, now.mono));
    let change = Change { service: "Architect", entity_type: "Flow", action: "Edit", id: "f", name: "F" };
    world.records.audit("audit".to_owned(), now.wall, &client, change);
    world.records.event(now.wall, "definition", ("e", "E"), "code", ["", "x"]);
    let date = "2026-09-20".parse().unwrap();
    let (client_id, client_name) = (client.id.clone(), client.name.clone());
    world.records.count(UsageKey { date, client_id, client_name, method: "GET".into(), template: "/".into() }, 429);
    let flow = world.flows.iter().next().unwrap().id.clone();
    let settings = world.settings.clone();
    world.flows.publish(&flow, Some("1.0"), client, "op".to_owned(), (&settings, None), now).unwrap();
    world.await_flow(&flow, now);
    world.hear_of_number(json!({"id": "+1555", "numberId": "+1555"}), MINUTE, now);
    let number = world.number.clone();
    world.route_number(&number, "elsewhere", now);
    world.moved.push(json!({"id": "+1556"}));
    world.redirected.push("+1557".to_owned());
    world.settings.leaked_sessions_per_hour = 1_800;
    world.await_leak(now);
    assert!(world.advance(now).is_empty());
    world.log.add(now.wall, &"".into(), Fact::Limited { client: "twin-client".into(), max: 300 });
    world.log.add(now.wall, &"".into(), Fact::Launched(Arc::new(super::facts::flow_of(<_>::default()))));
    world
}

#[test]
fn everything_is_in_the_file() {
    let (mut world, now) = (busy(), at(40 * MINUTE));
    let file = text(&world, now);
    let mut copy = loaded(&file, now);
    assert!(text(&copy, now) == file);
    for later in [1, 2, 5, 20] {
        let then = at((40 + later) * MINUTE);
        assert!(world.advance(then).is_empty() && copy.advance(then).is_empty());
        assert!(text(&copy, then) == text(&world, then), "{later} minutes later");
    }
    assert_eq!(copy.id(), world.id());
}

#[test]
fn an_organisation_goes_on_in_a_younger_process_on_another_day() {
    let (mut world, now) = (busy(), at(40 * MINUTE));
    let saved = Saved::read(text(&world, now).as_bytes()).unwrap();
    assert_eq!(saved.age(), 40 * MINUTE);
    let later = SignedDuration::from_hours(50);
    // As old as it must be, and no older.
    let there = Now { mono: Mono::from_start(saved.age()), wall: now.wall + later };
    let mut copy = World::load(saved, 0, there).unwrap().world;
    let audit = copy.records.audits(there.wall, there.wall + SignedDuration::from_nanos(1)).next().unwrap();
    assert_eq!(audit["eventDate"], format!("{:.3}", there.wall));
    assert_eq!(copy.records.usage().next().unwrap().0.date.to_string(), "2026-09-22");
    assert_eq!(copy.faults.on(FaultTarget::Tokens, there.mono).throttle, Some(MINUTE));
    assert_eq!(copy.clients.admit("token", 300, there.mono).unwrap().used, 2);
    assert_eq!(copy.clients.admit_operation("token", "GET /api/v2/flows", 1, there.mono), Err(MINUTE));
    assert!(world.advance(now.later(30 * MINUTE)).is_empty() && copy.advance(there.later(30 * MINUTE)).is_empty());
    assert_eq!(copy.totals(), world.totals());
    let ends = |world: &World, shift: SignedDuration| -> Vec<(String, i64)> {
        let ends = world.calls().map(|call| (call.conversation_id.clone(), (call.ended_at - shift).as_millisecond()));
        ends.collect()
    };
    assert_eq!(ends(&copy, later), ends(&world, SignedDuration::ZERO));
    let young = Now { mono: Mono::from_millis(1), wall: now.wall };
    let told = World::load(Saved::read(text(&busy(), now).as_bytes()).unwrap(), 0, young).unwrap_err().to_string();
    assert!(told.contains("life.age: is more than this process can have seen"), "{told}");
}

const ASKS: &str = "
inboundCall:
  name: Asks
  startUpRef: ./tasks/task[main]
  tasks:
    - task:
        name: Main
        refId: main
        actions:
          - callData:
              name: Look up
              timeout: { lit: { seconds: 5 } }
              category: { CRM: { dataAction: { CRM Lookup: { inputs: { ani: { exp: Call.Ani } } } } } }
              outputs: { timeout: { actions: [ disconnect: {} ] }, failure: { actions: [ disconnect: {} ] } }
          - transferToAcd: { targetQueue: { lit: { name: Support } } }
";

/// An organisation whose callers ask a real system; nobody answers.
fn asking() -> World {
    let mut world = World::new(&Organisation::default(), began());
    let (yaml, json) = (ASKS, include_str!("../../../../../examples/flows/crm-lookup.custom.json"));
    world.flows.load(Flow::parse(yaml).unwrap(), yaml, "flow-1".to_owned(), began());
    let integration = Integration::new("i".to_owned(), "CRM", "custom-rest-actions", Vec::new());
    let source = serde_json::from_str(json).unwrap();
    world.actions.load(integration, DataAction::parse(json).unwrap(), source, "a".to_owned());
    world
}

#[test]
fn what_was_asked_of_a_real_system_is_asked_again() {
    let mut world = asking();
    let number = world.number.clone();
    let mut questions = Vec::new();
    world.place(&number, began(), &mut questions);
    assert_eq!(questions.len(), 1);
    let now = at(Duration::from_secs(2));
    let Loaded { world: mut copy, questions: again } =
        World::load(Saved::read(text(&world, now).as_bytes()).unwrap(), 3, now).unwrap();
    assert_eq!((again.len(), again[0].generation, &again[0].inputs), (1, 3, &questions[0].inputs));
    assert_eq!(again[0].caller, questions[0].caller);
    let then = at(Duration::from_secs(3));
    for world in [&mut world, &mut copy] {
        world.reply(questions[0].caller, Execution::Done(Map::new()), then);
    }
    assert_eq!(copy.totals().queued, 1);
    assert_eq!(copy.calls().next().unwrap().data_actions[0].waited, Duration::from_secs(3));
    assert!(text(&copy, then) == text(&world, then));
}

#[test]
fn callers_stay_in_a_version_that_is_gone() {
    let mut world = asking();
    let number = world.number.clone();
    world.place(&number, began(), &mut Vec::new());
    let newer = ASKS.replace("name: Support", "name: VIP");
    for _ in 0..100 {
        world.flows.load(Flow::parse(&newer).unwrap(), &newer, "flow-1".to_owned(), began());
    }
    let Loaded { world: mut copy, questions } =
        World::load(Saved::read(text(&world, began()).as_bytes()).unwrap(), 0, began()).unwrap();
    assert_eq!(text(&copy, began()), text(&world, began()));
    copy.reply(questions[0].caller, Execution::Done(Map::new()), began());
    assert_eq!(copy.calls().next().unwrap().queue.as_deref(), Some("Support"));
}

#[test]
fn every_form_can_still_be_read() {
    for (sample, offered) in [(include_str!("samples/form-1.json"), 0), (include_str!("samples/form-2.json"), 55)] {
        let now = at(60 * MINUTE);
        let world = World::load(Saved::read(sample.as_bytes()).unwrap(), 0, now).unwrap().world;
        assert_eq!((world.name.as_str(), world.totals().offered), ("Acme Support", offered));
        let lived = |mut world: World| {
            assert!(world.advance(at(90 * MINUTE)).is_empty());
            (world.totals().offered, world.log.hash())
        };
        // What comes from form 1 can be saved in form 2.
        let copy = loaded(&text(&world, now), now);
        let (once, again) = (lived(world), lived(copy));
        assert_eq!(once, again);
        assert!(once.0 > offered + 20, "{once:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_what_to_do() {
    let sample: Value = serde_json::from_str(include_str!("samples/form-2.json")).unwrap();
    let told = |pointer: &str, value: Value| {
        let mut wrong = sample.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let now = at(60 * MINUTE);
        let told = Saved::read(wrong.to_string().as_bytes()).and_then(|saved| World::load(saved, 0, now));
        told.err().map_or_else(|| panic!("{pointer}: nothing is wrong"), |error| error.to_string())
    };
    for (pointer, value, expected) in [
        ("/form", json!(7), "it has the form 7, and the forms 1 to 2 can be read; load it with the version"),
        ("/form", json!(1), "life: a file of form 1 has none"),
        ("/life", Value::Null, "life: is missing"),
        ("/vipShare", json!(2_000_000), "vipShare: 2000000 is no share"),
        ("/life/age", json!(u64::MAX), "life.age: no organisation is a hundred years old"),
        ("/life/streams/0/series", json!(9), "life.streams[0]: the series 9 has not begun yet"),
        ("/life/nextCaller", json!(1), "life.live[0]: the number"),
        ("/life/streams/0/rate", json!(0.0), "life.streams[0]: 0 is no rate"),
        ("/life/log/hash", json!("abc"), "life.log.hash: is no SHA-256"),
        ("/life/log/facts/2", json!([1, 2, 99]), "life.log.facts[2]: [1, 2, 99] is no fact"),
        ("/life/agenda/due/0/at", json!(i64::MIN + 1), "life.agenda.due[0]: lies before the organisation began"),
        ("/life/live/0/flow/2", json!("99.0"), "life.live[0]: there is no version"),
        ("/life/live/0/answers", json!(["waited"]), "life.live[0]: the flow has not asked what it was told"),
        ("/life/agenda/due", json!([]), "life.live[0]: the agenda does not know what it waits for"),
        ("/life/queues/queues", json!([]), "life.queues: there are 0 lines for"),
        ("/actions/0/integration", json!("nowhere"), "actions[0]: there is no integration `nowhere`"),
        ("/flows/0/versions/0/kind", json!("DRAFT"), "flows[0].versions[0]: there is no version of the kind `DRAFT`"),
        ("/flows/0/versions/0/configuration/yaml", json!("inboundCall: {"), "flows[0].versions[0]: "),
        ("/number", json!(7), "invalid type: integer `7`, expected a string at line 1"),
    ] {
        let told = told(pointer, value);
        assert!(told.contains(expected), "{pointer}: {told}");
        assert!(told.contains(';'), "without a remedy: {told}");
    }
    assert!(Saved::read(b"{").unwrap_err().to_string().contains("only what `GET /twin/state` gave"));
}

/// One value of a file, chosen by chance, becomes another.
fn spoil(value: &mut Value, rng: &mut Rng) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let place = rng.usize(..members.len());
            members.values_mut().nth(place).into_iter().for_each(|member| spoil(member, rng));
        }
        Value::Array(values) if !values.is_empty() => {
            let place = rng.usize(..values.len());
            spoil(&mut values[place], rng);
        }
        other => {
            let odd = [
                json!(0),
                json!(-1),
                json!(u64::MAX),
                json!(i64::MIN),
                json!(1e300),
                json!(""),
                json!([]),
                Value::Null,
            ];
            *other = rng.choice(odd).unwrap();
        }
    }
}

#[test]
fn a_spoiled_file_is_refused_or_goes_on_but_breaks_nothing() {
    let sample: Value = serde_json::from_str(include_str!("samples/form-2.json")).unwrap();
    let mut refused = 0;
    for seed in 0..300 {
        let (mut spoiled, mut rng) = (sample.clone(), Rng::with_seed(seed));
        // Most of the file is configuration; what goes on is spoiled as often.
        spoil(if rng.bool() { &mut spoiled["life"] } else { &mut spoiled }, &mut rng);
        let now = at(60 * MINUTE);
        match Saved::read(spoiled.to_string().as_bytes()).and_then(|saved| World::load(saved, 0, now)) {
            Ok(mut loaded) => drop(loaded.world.advance(now.later(Duration::from_secs(5)))),
            Err(_) => refused += 1,
        }
    }
    assert!((100..300).contains(&refused), "{refused}");
}

/// Writes the sample of the present form; run it by name when the form changes, and keep the samples of former forms.
#[test]
#[ignore = "writes a sample into the source"]
fn write_the_sample() {
    let mut worlds = scenario("crm-outage.yaml", 1);
    play(&mut worlds, began(), MINUTE).unwrap();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/world/state/samples/form-2.json");
    std::fs::write(path, text(&worlds[0], at(MINUTE)) + "\n").unwrap();
}

/// Tells how large a busy day is, and how long it takes to write and read.
#[test]
#[ignore = "takes a while; run it by name, in release, to see the figures"]
fn a_busy_day_fits() {
    let mut worlds = scenario("crm-outage.yaml", 1);
    let day = 1_440 * MINUTE;
    play(&mut worlds, began(), day).unwrap();
    let clock = clock::Clock::real();
    let file = text(&worlds[0], at(day));
    let written = clock.mono();
    let copy = loaded(&file, at(day));
    let (read, facts) = (clock.mono().since(written), copy.log.entries.len());
    let written = written.since_start();
    println!("{} bytes, {facts} facts, written in {written:?}, read in {read:?}", file.len());
    assert!(file.len() < 60_000_000, "{} bytes", file.len());
}
