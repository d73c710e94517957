//! Text to tokens.

use super::parse::ParseError;
use super::{Binary, Literal};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Literal(Literal),
    Name(String),
    Operator(Binary),
    Not,
    Complement,
    Dot,
    Comma,
    Question,
    Colon,
    Open,
    Close,
    OpenIndex,
    CloseIndex,
}

/// The tokens of `text`, each with its offset in bytes.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let offset = text.len() - rest.len();
        let (token, length) = match first {
            '"' => string(rest, offset)?,
            '0'..='9' => number(rest, offset)?,
            c if is_name_start(c) => name(rest),
            _ => symbol(rest, offset)?,
        };
        tokens.push((offset, token));
        rest = &rest[length..];
    }
}

fn string(rest: &str, offset: usize) -> Result<(Token, usize), ParseError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Literal(Literal::String(text)), at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                // Architect keeps a backslash that escapes nothing.
                Some((_, other)) => text.extend(['\\', other]),
                None => break,
            },
            other => text.push(other),
        }
    }
    Err(ParseError { offset, message: "read text without its closing quote".to_owned() })
}

fn number(rest: &str, offset: usize) -> Result<(Token, usize), ParseError> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
    let length = if fraction == 0 { whole } else { whole + 1 + fraction };
    let text = &rest[..length];
    let literal = if fraction == 0 {
        text.parse().ok().map(Literal::Integer)
    } else {
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Decimal)
    };
    let too_large = || ParseError { offset, message: format!("read the number {text}: it is too large") };
    Ok((Token::Literal(literal.ok_or_else(too_large)?), length))
}

fn name(rest: &str) -> (Token, usize) {
    let length = rest.find(|c: char| !is_name_start(c) && !c.is_ascii_digit()).unwrap_or(rest.len());
    let word = &rest[..length];
    let token = match word.to_ascii_lowercase().as_str() {
        "and" => Token::Operator(Binary::And),
        "or" => Token::Operator(Binary::Or),
        "true" => Token::Literal(Literal::Boolean(true)),
        "false" => Token::Literal(Literal::Boolean(false)),
        "not_set" => Token::Literal(Literal::NotSet),
        _ => Token::Name(word.to_owned()),
    };
    (token, length)
}

fn symbol(rest: &str, offset: usize) -> Result<(Token, usize), ParseError> {
    let two = match rest.get(..2) {
        Some("<=") => Some(Binary::LessOrEqual),
        Some(">=") => Some(Binary::GreaterOrEqual),
        Some("==") => Some(Binary::Equal),
        Some("!=") => Some(Binary::NotEqual),
        _ => None,
    };
    if let Some(operator) = two {
        return Ok((Token::Operator(operator), 2));
    }
    let token = match rest.as_bytes()[0] {
        b'+' => Token::Operator(Binary::Add),
        b'-' => Token::Operator(Binary::Subtract),
        b'*' => Token::Operator(Binary::Multiply),
        b'/' => Token::Operator(Binary::Divide),
        b'%' => Token::Operator(Binary::Remainder),
        b'^' => Token::Operator(Binary::Power),
        b'<' => Token::Operator(Binary::Less),
        b'>' => Token::Operator(Binary::Greater),
        b'&' => Token::Operator(Binary::BitAnd),
        b'|' => Token::Operator(Binary::BitOr),
        b'!' => Token::Not,
        b'~' => Token::Complement,
        b'.' => Token::Dot,
        b',' => Token::Comma,
        b'?' => Token::Question,
        b':' => Token::Colon,
        b'(' => Token::Open,
        b')' => Token::Close,
        b'[' => Token::OpenIndex,
        b']' => Token::CloseIndex,
        _ => {
            let sign = rest.chars().next().unwrap_or(' ');
            return Err(ParseError { offset, message: format!("read the sign `{sign}` in an expression") });
        }
    };
    Ok((token, 1))
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}
