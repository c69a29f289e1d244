//! A reader of JSON (RFC 8259) that holds nothing: it walks over the bytes of a body and hands on
//! what it passes. It accepts what `serde_json` accepts; the tests compare the two.

/// The place, in bytes from the beginning, where a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) usize);

type Result<T> = std::result::Result<T, Malformed>;

/// A number, without loss where it is a whole one of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Natural(u64),
    Negative(i64),
    Real(f64),
}

/// A position in a text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of `body`.
    ///
    /// # Errors
    /// The place of the first byte that is not UTF-8.
    pub(super) fn new(body: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(body).map_err(|error| Malformed(error.valid_up_to()))?;
        Ok(Self { text, at: 0 })
    }

    /// The place where reading goes on.
    pub(super) const fn place(&self) -> Malformed {
        Malformed(self.at)
    }

    /// The first byte behind white space; `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Passes `byte` if it comes next, behind white space.
    pub(super) fn passes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes `byte`, which has to come next.
    ///
    /// # Errors
    /// The place of anything else.
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.passes(byte) {
            Ok(())
        } else {
            Err(self.place())
        }
    }

    /// Passes `null`, `true` or `false`, which has to come next.
    ///
    /// # Errors
    /// The place of anything else.
    pub(super) fn word(&mut self, word: &str) -> Result<()> {
        if !self.rest().starts_with(word) {
            return Err(self.place());
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes a number.
    ///
    /// # Errors
    /// The place of anything else, or of a number beyond what a double can hold.
    pub(super) fn number(&mut self) -> Result<Number> {
        let start = self.at;
        let negative = self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.skip(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            whole = false;
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        let token = &self.text[start..self.at];
        if whole
            && !negative
            && let Ok(number) = token.parse()
        {
            return Ok(Number::Natural(number));
        }
        // "-0" is the negative zero of doubles.
        if whole
            && negative
            && let Ok(number @ ..0) = token.parse()
        {
            return Ok(Number::Negative(number));
        }
        match token.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Number::Real(number)),
            _ => Err(Malformed(start)),
        }
    }

    /// Passes a string; gives its parts to `sink`, decoded.
    ///
    /// # Errors
    /// The place of anything else, such as a control character or half of a surrogate pair.
    pub(super) fn string(&mut self, mut sink: impl FnMut(&str)) -> Result<()> {
        self.expect(b'"')?;
        loop {
            let start = self.at;
            let end = self
                .rest()
                .bytes()
                .position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
            self.at = end.map_or(self.text.len(), |length| start + length);
            if self.at > start {
                sink(&self.text[start..self.at]);
            }
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let letter = self.escape()?;
                    sink(letter.encode_utf8(&mut [0; 4]));
                }
                _ => return Err(self.place()),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.place();
        self.at += 1;
        let letter = self.byte().ok_or(start)?;
        let plain = match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let first = self.four_digits().ok_or(start)?;
                let mut code = u32::from(first);
                if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
                    self.at += 1;
                    let second = self.four_digits().ok_or(start)?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return Err(start);
                    }
                    code = 0x1_0000 + ((code - 0xd800) << 10) + u32::from(second) - 0xdc00;
                }
                // Half of a surrogate pair ends here, too: it is not a `char`.
                return char::from_u32(code).ok_or(start);
            }
            _ => return Err(start),
        };
        self.at += 1;
        Ok(char::from(plain))
    }

    /// The four digits behind the `u` at this place.
    fn four_digits(&mut self) -> Option<u16> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
        }
        self.at += 5;
        Some(code)
    }

    fn digits(&mut self) -> Result<()> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        if count == 0 {
            Err(self.place())
        } else {
            Ok(())
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}
