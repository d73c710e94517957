//! Tokens to a tree, by precedence climbing.

use super::lex::{Token, tokens};
use super::{Binary, Expr, Literal, Unary};

/// The most nodes of one expression; it bounds the depth of every walk over the tree.
pub const NODES_MAX: usize = 400;

/// The deepest nesting of brackets, calls and unary operators.
const DEPTH_MAX: usize = 100;

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Where in the text, in bytes.
    pub offset: usize,
    /// What is wrong, as a fragment that fits after "failed to".
    pub message: String,
}

/// Reads an expression.
///
/// # Errors
/// When the text is not one expression from end to end, or is larger or deeper than any
/// expression may be.
///
/// ```
/// assert_eq!(flow::expr::parse("1 + 2*Flow.x").unwrap().to_string(), "1 + (2 * Flow.x)");
/// assert!(flow::expr::parse("1 +").is_err());
/// ```
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len(), nodes: 0, depth: 0 };
    let expr = parser.whole()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error("read what follows the end of the expression")),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    nodes: usize,
    depth: usize,
}

impl Parser {
    /// `condition ? value : other` binds loosest, and means what `If(condition, value, other)` does.
    fn whole(&mut self) -> Result<Expr, ParseError> {
        let condition = self.operators(0)?;
        if self.peek() != Some(&Token::Question) {
            return Ok(condition);
        }
        self.next += 1;
        self.count()?;
        self.deeper()?;
        let value = self.whole()?;
        self.expect(&Token::Colon, "find the `:` that belongs to a `?`")?;
        let other = self.whole()?;
        self.depth -= 1;
        Ok(Expr::Call("If".to_owned(), vec![condition, value, other]))
    }

    /// Operators of at least `strength`; all are left-associative.
    fn operators(&mut self, strength: u8) -> Result<Expr, ParseError> {
        self.deeper()?;
        let mut left = self.unary()?;
        while let Some(&Token::Operator(operator)) = self.peek() {
            if operator.strength() < strength {
                break;
            }
            self.next += 1;
            let right = self.operators(operator.strength() + 1)?;
            left = self.grown(Expr::Binary(operator, Box::new(left), Box::new(right)))?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, ParseError> {
        let operator = match self.peek() {
            Some(Token::Operator(Binary::Subtract)) => Unary::Minus,
            Some(Token::Not) => Unary::Not,
            Some(Token::Complement) => Unary::Complement,
            _ => return self.postfix(),
        };
        self.next += 1;
        self.count()?;
        self.deeper()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Expr::Unary(operator, Box::new(operand)))
    }

    fn postfix(&mut self) -> Result<Expr, ParseError> {
        let mut expr = self.primary()?;
        loop {
            match self.peek() {
                Some(Token::Dot) => {
                    self.next += 1;
                    let member = self.name("read the name after the dot")?;
                    expr = self.grown(Expr::Member(Box::new(expr), member))?;
                }
                Some(Token::OpenIndex) => {
                    self.next += 1;
                    let index = self.whole()?;
                    self.expect(&Token::CloseIndex, "find the closing `]`")?;
                    expr = self.grown(Expr::Index(Box::new(expr), Box::new(index)))?;
                }
                _ => return Ok(expr),
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, ParseError> {
        self.count()?;
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("read the rest of an expression that ends too early"));
        };
        self.next += 1;
        match token {
            Token::Literal(literal) => Ok(Expr::Literal(literal)),
            Token::Open => {
                let inner = self.whole()?;
                self.expect(&Token::Close, "find the closing `)`")?;
                Ok(inner)
            }
            Token::Name(name) => self.named(name),
            _ => {
                self.next -= 1;
                Err(self.error("find a value where one must stand"))
            }
        }
    }

    fn named(&mut self, name: String) -> Result<Expr, ParseError> {
        match self.peek() {
            Some(Token::Open) => {
                self.next += 1;
                let arguments = self.arguments()?;
                Ok(Expr::Call(name, arguments))
            }
            // What stands before the dot is a scope, of which the platform has more than any list.
            Some(Token::Dot) => {
                self.next += 1;
                let variable = self.name("read the variable's name after the dot")?;
                Ok(Expr::Variable { scope: name, name: variable })
            }
            _ => {
                self.next -= 1;
                Err(self.error(&format!("understand `{name}`: text stands in quotes, variables begin with a scope")))
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, ParseError> {
        let mut arguments = Vec::new();
        if self.peek() == Some(&Token::Close) {
            self.next += 1;
            return Ok(arguments);
        }
        loop {
            arguments.push(self.whole()?);
            match self.peek() {
                Some(Token::Comma) => self.next += 1,
                _ => {
                    self.expect(&Token::Close, "find the closing `)` of a function")?;
                    return Ok(arguments);
                }
            }
        }
    }

    fn name(&mut self, what: &str) -> Result<String, ParseError> {
        // After a dot even a word of the language is a name: `Flow.or`.
        let name = match self.peek() {
            Some(Token::Name(name)) => name.clone(),
            Some(Token::Operator(word @ (Binary::And | Binary::Or))) => word.symbol().to_owned(),
            Some(Token::Literal(Literal::Boolean(word))) => word.to_string(),
            _ => return Err(self.error(what)),
        };
        self.next += 1;
        Ok(name)
    }

    fn expect(&mut self, token: &Token, what: &str) -> Result<(), ParseError> {
        if self.peek() != Some(token) {
            return Err(self.error(what));
        }
        self.next += 1;
        Ok(())
    }

    fn grown(&mut self, expr: Expr) -> Result<Expr, ParseError> {
        self.count()?;
        Ok(expr)
    }

    /// Goes one level down; an error ends the whole parse, so only success comes back up.
    fn deeper(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(&format!("read an expression nested more than {DEPTH_MAX} deep")));
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ParseError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(self.error(&format!("read an expression of more than {NODES_MAX} parts")));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn error(&self, message: &str) -> ParseError {
        let offset = self.tokens.get(self.next).map_or(self.end, |(offset, _)| *offset);
        ParseError { offset, message: message.to_owned() }
    }
}
