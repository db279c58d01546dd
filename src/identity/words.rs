//! The words of spoken codes.

/// One word for each value of a byte. They are short common nouns, in alphabetical order, and no
/// two share their first four letters, so that a word that was half heard or half typed is still
/// one.
///
/// The list is part of the protocol: two clients that differ in it show different words for one
/// code.
pub(super) const WORDS: [&str; 256] = [
    "acorn", "airport", "album", "almond", "anchor", "angel", "ankle", "apple", "apron", "arrow",
    "atlas", "attic", "autumn", "avenue", "bacon", "badge", "bagel", "bakery", "balloon", "bamboo",
    "banana", "barrel", "basket", "beaver", "bench", "bicycle", "bison", "blanket", "bottle",
    "branch", "brick", "broom", "bubble", "bucket", "buffalo", "cabin", "cactus", "cake", "camel",
    "candle", "canyon", "carpet", "castle", "cello", "chair", "cheese", "chicken", "chimney",
    "circle", "clock", "cloud", "coast", "cobra", "coffee", "comet", "copper", "cotton", "cradle",
    "crown", "crystal", "cushion", "daisy", "dentist", "desk", "diamond", "doctor", "dolphin",
    "donkey", "door", "dragon", "dress", "drum", "duck", "eagle", "earth", "easel", "echo",
    "elbow", "emerald", "engine", "eraser", "evening", "factory", "falcon", "family", "feather",
    "fence", "fiddle", "finger", "firefly", "flag", "flute", "forest", "fossil", "fox", "friend",
    "frog", "funnel", "galaxy", "garden", "ghost", "giant", "giraffe", "glacier", "globe", "goat",
    "goose", "granite", "guitar", "hammer", "harbor", "hawk", "helmet", "honey", "horizon",
    "hotel", "house", "iceberg", "igloo", "insect", "island", "ivory", "jacket", "jaguar", "jelly",
    "jewel", "juice", "jungle", "kayak", "kettle", "king", "kitchen", "kiwi", "koala", "ladder",
    "lagoon", "lamp", "lantern", "leaf", "lemon", "leopard", "letter", "library", "lily", "lizard",
    "lobster", "magnet", "mango", "maple", "marble", "meadow", "meteor", "milk", "mirror",
    "mitten", "monkey", "mosaic", "muffin", "museum", "napkin", "needle", "nest", "nickel",
    "nurse", "nutmeg", "oasis", "ocean", "octopus", "office", "olive", "onion", "orange",
    "ostrich", "otter", "owl", "oyster", "paddle", "palace", "panda", "paper", "parrot", "pasta",
    "peach", "pelican", "pencil", "piano", "pickle", "pigeon", "pillow", "pirate", "pizza",
    "planet", "pocket", "pony", "potato", "powder", "pumpkin", "pyramid", "quarry", "queen",
    "quilt", "rabbit", "radio", "raft", "rainbow", "raven", "ribbon", "rice", "river", "robin",
    "ruby", "salad", "sandal", "saucer", "school", "shark", "shovel", "silver", "skate", "snail",
    "soap", "spider", "spoon", "statue", "storm", "sugar", "swan", "table", "temple", "tennis",
    "theater", "thimble", "thunder", "tiger", "timber", "tornado", "tractor", "trumpet", "tulip",
    "turtle", "uniform", "valley", "vanilla", "village", "violin", "volcano", "waffle", "wallet",
    "water", "whistle", "window", "wolf", "yacht", "yogurt", "zebra", "zipper",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::WORDS;

    #[test]
    fn words_are_short_lower_case_sorted_and_distinct() {
        assert!(WORDS.is_sorted());
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), 256);
        for word in WORDS {
            assert!((3..=7).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        }
    }

    #[test]
    fn the_first_four_letters_tell_every_word() {
        for word in WORDS {
            let start = &word[..word.len().min(4)];
            let alike = WORDS.iter().filter(|other| other.starts_with(start)).count();
            assert_eq!(alike, 1, "{word}");
        }
    }
}
