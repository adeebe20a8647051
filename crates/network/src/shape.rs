//! Shapes and number formats.

/// The shape of a feature map: channels, rows, columns; stored channel by channel, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

impl Shape {
    /// A shape of `channels` × `height` × `width` values.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// How many values it holds.
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it holds nothing.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Positions of one channel.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }

    /// The same values as one column of channels (channel, row, column order), as a linear layer sees them.
    pub const fn flattened(self) -> Self {
        Self::new(self.len(), 1, 1)
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}

/// How the bits of an input code are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// 0 … 2^bits − 1.
    Unsigned,
    /// −2^(bits−1) … 2^(bits−1) − 1; the code is held as its low `bits` bits.
    TwosComplement,
}

/// The number format of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeFormat {
    /// Width in bits; 1 … 16.
    pub bits: u32,
    /// How the bits are read.
    pub sign: Sign,
}

impl CodeFormat {
    /// Unsigned codes of `bits` bits.
    pub const fn unsigned(bits: u32) -> Self {
        Self { bits, sign: Sign::Unsigned }
    }

    /// The number that a code stands for.
    pub const fn value(self, code: u16) -> i32 {
        let code = code as i32;
        match self.sign {
            Sign::Unsigned => code,
            Sign::TwosComplement => {
                if code >> (self.bits - 1) & 1 == 1 {
                    code - (1 << self.bits)
                } else {
                    code
                }
            }
        }
    }

    /// The largest code as a bit pattern, 2^bits − 1.
    pub const fn max_code(self) -> u16 {
        ((1u32 << self.bits) - 1) as u16
    }
}
