//! Invented people for a drill: names from common syllables and identity numbers that check but
//! belong to nobody's file.

use jiaolian_schema::id_number::IdNumber;

const SURNAMES: [&str; 16] = [
    "刘", "陈", "李", "王", "张", "谢", "曾", "肖", "彭", "邓", "周", "罗", "段", "梁", "石",
    "欧阳",
];
const GIVEN: [&str; 20] = [
    "建国", "小红", "志强", "桂英", "海涛", "玉兰", "国庆", "春花", "立新", "美玲", "伟", "芳",
    "军", "敏", "平", "丽华", "文斌", "秀云", "永康", "晓东",
];
const REASONS: [&str; 5] = ["就医", "务工", "学习", "办理家事", "诉讼"];

/// One invented person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invented {
    /// Surname and given name.
    pub name: String,
    /// An identity number with a right check digit.
    pub id_number: String,
    /// 男 or 女, as the number says.
    pub female: bool,
}

/// The person of a division and a running number: the same for the same numbers.
pub fn invent(division: &str, number: usize) -> Invented {
    let surname = SURNAMES[(number * 7 + division.len()) % SURNAMES.len()];
    let given = GIVEN[(number * 11 + number / 3) % GIVEN.len()];
    let year = 1964 + (number * 5) % 36;
    let (month, day) = (1 + (number * 7) % 12, 1 + (number * 13) % 28);
    let sequence = 100 + number % 800;
    let stem = format!("{}{year:04}{month:02}{day:02}{sequence:03}", &division[..6]);
    let id_number = "0123456789X"
        .chars()
        .map(|check| format!("{stem}{check}"))
        .find(|text| IdNumber::parse(text).is_ok())
        .expect("one of eleven check digits is right");
    Invented {
        name: format!("{surname}{given}"),
        id_number,
        female: sequence.is_multiple_of(2),
    }
}

/// A reason for leave that the rules know.
pub fn reason(number: usize) -> &'static str {
    REASONS[number % REASONS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_numbers_check_and_differ() {
        let people: Vec<_> = (0..200).map(|n| invent("431381100", n)).collect();
        let mut numbers: Vec<_> = people.iter().map(|p| p.id_number.clone()).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 200);
    }
}
