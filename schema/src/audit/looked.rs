//! What a row of the log is about. A number never changes its meaning; one that this build does not
//! know is kept.

use minicbor::{Decode, Decoder, Encode, Encoder};

macro_rules! looked {
    ($($(#[$doc:meta])* $number:literal $name:ident $word:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Looked {
            $($(#[$doc])* $name,)*
            /// A kind that a later version brought.
            Other(u16),
        }

        impl Looked {
            /// Every kind that this build knows, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number.
            pub fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// The kind of a number.
            pub fn of_number(number: u16) -> Self {
                match number {
                    $($number => Self::$name,)*
                    _ => Self::Other(number),
                }
            }

            /// Its word in interfaces and catalogues.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                    Self::Other(_) => "other",
                }
            }
        }
    };
}

looked! {
    /// The page of a case.
    0 Case "case";
    /// Where everybody is.
    1 Positions "positions";
    /// Where one person was over a time.
    2 Track "track";
    /// Material that was not taken in, as a file.
    3 Refused "refused";
    /// A case, whole, as a file for somebody elsewhere.
    4 Export "export";
    /// A list of cases.
    5 Cases "cases";
    /// A search among cases, matters or alarms.
    6 Search "search";
    /// A list of matters.
    7 Matters "matters";
    /// The page of a matter.
    8 Matter "matter";
    /// A list of alarms.
    9 Alarms "alarms";
    /// The page of an alarm.
    10 Alarm "alarm";
    /// An alarm came up on a person's screen.
    11 AlarmShown "alarm_shown";
    /// Fences on the map.
    12 Fences "fences";
    /// The first page.
    13 Today "today";
    /// Free texts of a case.
    14 Texts "texts";
    /// Records of a case.
    15 Records "records";
    /// The timeline of a case.
    16 Timeline "timeline";
    /// Drafts of one's own.
    17 Draft "draft";
    /// A draft was saved or thrown away.
    18 DraftSaved "draft_saved";
    /// Somebody signed in.
    19 SignedIn "signed_in";
    /// Somebody was not let in.
    20 SignInRefused "sign_in_refused";
    /// Somebody signed out, or the session ended.
    21 SignedOut "signed_out";
    /// An act was signed.
    22 Signed "signed";
    /// A text was changed.
    23 TextSaved "text_saved";
    /// What would follow from an act was asked, and nothing signed.
    24 Tried "tried";
    /// A request was refused.
    25 Denied "denied";
    /// The log itself was looked at.
    26 Audit "audit";
    /// Who looked at a case was asked.
    27 Looks "looks";
    /// The account of a person's duty was made.
    28 Account "account";
    /// A setting was changed.
    29 Setting "setting";
    /// A line to another office opened.
    30 LineUp "line_up";
    /// A line to another office was lost.
    31 LineDown "line_down";
    /// The node started.
    32 Started "started";
    /// The node was told to stop.
    33 Stopped "stopped";
    /// Case files were opened.
    34 Unlocked "unlocked";
    /// Case files were closed.
    35 Locked "locked";
    /// The node's clock was found wrong, or right again.
    36 Clock "clock";
    /// The form of a new case, or of another act, was looked at.
    37 Form "form";
    /// Lists of the network and of what was refused.
    38 Network "network";
    /// Something that has no kind of its own.
    39 Asked "asked";
}

impl Looked {
    /// The kind of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// Whether the content of one case was before somebody's eyes or left the desk.
    pub fn is_look_at_case(self) -> bool {
        matches!(
            self,
            Self::Case
                | Self::Track
                | Self::Export
                | Self::Matter
                | Self::Alarm
                | Self::AlarmShown
                | Self::Texts
                | Self::Records
                | Self::Timeline
        )
    }
}

impl<C> Encode<C> for Looked {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.number())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Looked {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u16().map(Self::of_number)
    }
}
