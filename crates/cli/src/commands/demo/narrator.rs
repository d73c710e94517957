//! Tells a story as it happens: one line for each moment, readable without colour.

use std::time::Duration;

use base::Mono;
use clock::Clock;
use serde_json::{Value, json};

use super::Story;
use super::ending::Ending;
use super::moment::Moment;
use crate::output;
use crate::settings::Format;

/// Width of the column that says what happened.
const WHAT_WIDTH: usize = 18;

/// The teller. In JSON the story comes out whole at its end, on stdout; until then it is told on stderr.
pub(super) struct Narrator {
    clock: Clock,
    format: Format,
    is_quiet: bool,
    began: Mono,
    events: Vec<Value>,
}

impl Narrator {
    pub(super) fn new(clock: Clock, format: Format, is_quiet: bool) -> Self {
        let began = clock.mono();
        Self { clock, format, is_quiet, began, events: Vec::new() }
    }

    /// What is played, and how fast.
    pub(super) fn title(&self, story: &str, speed: u32) {
        let speed = if speed == 1 { String::new() } else { format!(" · {speed} times as fast as real") };
        self.tell(&format!("steadyline demo · {story}{speed}\n"));
    }

    /// A server listens. Said even to the quiet: without it, a free port could not be found.
    pub(super) fn listening(&self, name: &str, url: &str) {
        match self.format {
            Format::Text => output::listening(Format::Text, name, url),
            Format::Json => output::aside(format_args!("listening {name} {url}")),
        }
    }

    /// The story begins now.
    pub(super) fn begin(&mut self) {
        self.began = self.clock.mono();
        self.tell("");
    }

    /// Something happened just now.
    pub(super) fn moment(&mut self, moment: Moment) {
        let now = self.clock.now();
        self.tell(&line(now.mono.since(self.began), &moment));
        self.events.push(moment.to_json(now.wall));
    }

    /// How the story ended, and what was wrong with it.
    pub(super) fn end(&self, story: Story, ending: &Ending, wrong: &[String]) {
        let how = story.outcome();
        let Ending { calls, calls_lost, pages_delivered, .. } = ending;
        match self.format {
            Format::Json => output::json(&json!({
                "story": story.name(),
                "ok": wrong.is_empty(),
                "calls": calls,
                "callersLost": calls_lost,
                "pagesDelivered": pages_delivered,
                "events": self.events,
            })),
            Format::Text if wrong.is_empty() => output::line(format_args!(
                "\nAs it must be: {calls} callers, none lost; {pages_delivered} pages delivered; {how}."
            )),
            Format::Text => {}
        }
        for wrong in wrong {
            output::aside(format_args!("not as it must be: {wrong}"));
        }
    }

    /// The story is over and the servers stay.
    pub(super) fn stay(&self, console: &str) {
        self.tell(&format!("Callers keep coming; have a look at {console} and end with Ctrl-C."));
    }

    fn tell(&self, text: &str) {
        match (self.is_quiet, self.format) {
            (true, _) => {}
            (false, Format::Text) => output::line(text),
            (false, Format::Json) => output::aside(text),
        }
    }
}

fn line(since: Duration, moment: &Moment) -> String {
    let Moment { what, words, .. } = moment;
    let text = format!("{:>6.1} s  {what:<WHAT_WIDTH$}  {}", since.as_secs_f64(), words.join(" · "));
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_line_in_columns() {
        let moment = Moment::new("circuit opened").say("after 0.4 s").number("probes", 3).say("3 probes");
        let told = line(Duration::from_millis(10_440), &moment);
        assert_eq!(told, "  10.4 s  circuit opened      after 0.4 s · 3 probes");
        assert_eq!(line(Duration::ZERO, &Moment::new("callers stop")), "   0.0 s  callers stop");
    }
}
