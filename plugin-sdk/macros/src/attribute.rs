//! The keys of `#[wubbo_plugin(..)]` as they are written, each with its place in the source.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, ExprUnary, Ident, Lit, Meta, Result, Token, UnOp};

/// One text that a hook reads.
pub(crate) struct Read {
    pub(crate) space: Ident,
    pub(crate) key: String,
}

/// What a failure means.
pub(crate) enum Fail {
    Word(Ident),
    Answer { status: u8, message: String },
}

/// The whole attribute.
#[derive(Default)]
pub(crate) struct Attribute {
    pub(crate) kind: Option<Ident>,
    pub(crate) name: Option<(Ident, String)>,
    pub(crate) fail: Option<Fail>,
    pub(crate) order: Option<i32>,
    pub(crate) words: Vec<(Ident, Ident)>,
    pub(crate) numbers: Vec<(Ident, u64)>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    /// By the key that declares them: `reads`, `reads_on_response`, `reads_on_providers`.
    pub(crate) reads: Vec<(Ident, Vec<Read>)>,
    /// All keys that were given.
    pub(crate) keys: Vec<Ident>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attribute = Self::default();
        for meta in Punctuated::<Meta, Token![,]>::parse_terminated(input)? {
            let key = meta.path().require_ident()?.clone();
            if attribute.keys.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            attribute.take(&key, meta)?;
            attribute.keys.push(key);
        }
        Ok(attribute)
    }
}

impl Attribute {
    fn take(&mut self, key: &Ident, meta: Meta) -> Result<()> {
        match (key.to_string().as_str(), meta) {
            ("reads" | "reads_on_response" | "reads_on_providers", Meta::List(list)) => {
                let found = list.parse_args_with(reads)?;
                self.reads.push((key.clone(), found));
            }
            ("kind", Meta::NameValue(pair)) => self.kind = Some(word(&pair.value)?),
            ("name", Meta::NameValue(pair)) => self.name = Some((key.clone(), text(&pair.value)?)),
            ("fail", Meta::NameValue(pair)) => self.fail = Some(fail(&pair.value)?),
            ("order", Meta::NameValue(pair)) => self.order = Some(order(&pair.value)?),
            ("version", Meta::NameValue(pair)) => self.version = Some(text(&pair.value)?),
            ("description", Meta::NameValue(pair)) => self.description = Some(text(&pair.value)?),
            ("side" | "stage" | "arguments" | "result", Meta::NameValue(pair)) => {
                self.words.push((key.clone(), word(&pair.value)?));
            }
            (
                "state_version" | "tick_ms" | "memory_bytes" | "hook_us" | "configure_ms",
                Meta::NameValue(pair),
            ) => self.numbers.push((key.clone(), number(&pair.value)?)),
            _ => {
                return Err(Error::new(
                    key.span(),
                    format!("unknown key or form: `{key}`"),
                ));
            }
        }
        Ok(())
    }

    /// A word such as `side`, if it was given.
    pub(crate) fn word(&self, key: &str) -> Option<&Ident> {
        self.words
            .iter()
            .find(|(found, _)| found == key)
            .map(|(_, word)| word)
    }

    /// What a key such as `reads` declares.
    pub(crate) fn reads(&self, key: &str) -> &[Read] {
        let found = self.reads.iter().find(|(name, _)| name == key);
        found.map_or(&[], |(_, list)| list)
    }

    /// A number such as `tick_ms`, if it was given.
    pub(crate) fn number(&self, key: &str) -> Option<&(Ident, u64)> {
        self.numbers.iter().find(|(found, _)| found == key)
    }
}

fn reads(input: ParseStream<'_>) -> Result<Vec<Read>> {
    let list = Punctuated::<Expr, Token![,]>::parse_terminated(input)?;
    list.iter().map(read).collect()
}

fn read(expression: &Expr) -> Result<Read> {
    if let Expr::Call(call) = expression {
        let argument = call.args.first().filter(|_| call.args.len() == 1);
        let argument = argument.ok_or_else(|| Error::new_spanned(call, "expected one key"))?;
        return Ok(Read {
            space: word(&call.func)?,
            key: text(argument)?,
        });
    }
    let key = text(expression)?;
    Ok(Read {
        space: Ident::new("attachment", proc_macro2::Span::call_site()),
        key,
    })
}

fn word(value: &Expr) -> Result<Ident> {
    match value {
        Expr::Path(path) => path.path.require_ident().cloned(),
        other => Err(Error::new_spanned(other, "expected a word")),
    }
}

fn text(value: &Expr) -> Result<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Ok(text.value()),
        other => Err(Error::new_spanned(other, "expected a text in quotes")),
    }
}

fn number(value: &Expr) -> Result<u64> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse(),
        other => Err(Error::new_spanned(other, "expected a whole number")),
    }
}

fn order(value: &Expr) -> Result<i32> {
    let (sign, digits) = match value {
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => (-1, number(expr)?),
        other => (1, number(other)?),
    };
    let order = i64::try_from(digits)
        .ok()
        .and_then(|digits| i32::try_from(sign * digits).ok());
    order.ok_or_else(|| Error::new_spanned(value, "expected an i32"))
}

fn fail(value: &Expr) -> Result<Fail> {
    let Expr::Call(call) = value else {
        return word(value).map(Fail::Word);
    };
    let bad = || {
        Error::new_spanned(
            call,
            "expected answer(status, \"message\") with a status of 21 to 255",
        )
    };
    let arguments: Vec<&Expr> = call.args.iter().collect();
    let [status, message] = arguments.as_slice() else {
        return Err(bad());
    };
    let status = u8::try_from(number(status)?)
        .ok()
        .filter(|status| *status > 20)
        .ok_or_else(bad)?;
    if word(&call.func)? != "answer" {
        return Err(bad());
    }
    Ok(Fail::Answer {
        status,
        message: text(message)?,
    })
}
