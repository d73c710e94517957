//! How much of a prompt or message is heard.

use crate::expr::{Expr, Literal};
use crate::input::{Input, Source};
use crate::value::{Sound, Value};

/// How much is heard when something is played or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heard {
    /// Nothing at all.
    Nothing,
    /// Something, but fewer than three words.
    Word,
    /// A sentence, a recording, or what only a run could know.
    Sentence,
}

/// Words that make a sentence.
const SENTENCE_WORDS: usize = 3;

/// How much of an input is heard.
pub fn heard(input: &Input) -> Heard {
    match &input.source {
        Source::NotSet => Heard::Nothing,
        Source::Literal(value) => match value {
            Value::Audio(audio) if !audio.is_audible() => Heard::Nothing,
            Value::Audio(audio) => audio.0.iter().map(heard_of_sound).max().unwrap_or(Heard::Nothing),
            value => value.to_text().map_or(Heard::Nothing, |text| heard_of_text(&text)),
        },
        Source::Expression(expr) => heard_of(expr),
    }
}

fn heard_of_sound(sound: &Sound) -> Heard {
    match sound {
        Sound::Speech(text) => heard_of_text(text),
        Sound::Prompt(_) => Heard::Sentence,
        Sound::Blank(_) => Heard::Nothing,
    }
}

fn heard_of_text(text: &str) -> Heard {
    match text.split_whitespace().count() {
        0 => Heard::Nothing,
        words if words < SENTENCE_WORDS => Heard::Word,
        _ => Heard::Sentence,
    }
}

fn heard_of(expr: &Expr) -> Heard {
    match expr {
        Expr::Literal(Literal::String(text)) => heard_of_text(text),
        Expr::Literal(_) => Heard::Nothing,
        Expr::Call(name, _) if name.eq_ignore_ascii_case("ToAudioBlank") => Heard::Nothing,
        // The second argument is an option, no sound.
        Expr::Call(name, arguments) if name.eq_ignore_ascii_case("AudioPlaybackOptions") => {
            arguments.first().map_or(Heard::Nothing, heard_of)
        }
        Expr::Call(name, arguments) if is_put_together(name) => {
            let parts: Vec<Heard> = arguments.iter().map(heard_of).collect();
            let said = parts.iter().filter(|part| **part != Heard::Nothing).count();
            // Several short parts make a sentence between them.
            if said >= SENTENCE_WORDS { Heard::Sentence } else { parts.into_iter().max().unwrap_or(Heard::Nothing) }
        }
        _ => Heard::Sentence,
    }
}

fn is_put_together(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "append",
        "makelist",
        "toaudiotts",
        "tocommunication",
        "makecommunication",
        "toaudio",
        "trim",
        "tostring",
        "todisplaystring",
    ];
    NAMES.contains(&name.to_ascii_lowercase().as_str())
}
