import { describe, expect, it } from "vitest";
import { charCount, normaliseLine, normaliseProse } from "./normalise";

describe("normalise", () => {
  it("turns_full_width_digits_and_letters_into_ascii_in_lines", () => {
    expect(normaliseLine("４３１３８１１９９００３０７１２３Ｘ")).toBe("43138119900307123X");
    expect(normaliseLine("　李强　")).toBe("李强");
  });

  it("writes_every_name_dot_one_way", () => {
    for (const dot of ["·", "•", "・", "‧", "･"]) {
      expect(normaliseLine(`阿依古丽${dot}买买提`)).toBe("阿依古丽·买买提");
      expect(normaliseProse(`阿依古丽${dot}买买提`)).toBe("阿依古丽·买买提");
    }
  });

  it("leaves_chinese_punctuation_and_letters_of_prose_alone", () => {
    expect(normaliseProse("３月２日，去Ａ厂。")).toBe("3月2日，去Ａ厂。");
  });

  it("keeps_the_length_of_prose_so_that_the_caret_stays", () => {
    const text = "１２３・abc，。";
    expect(normaliseProse(text).length).toBe(text.length);
  });

  it("counts_a_rare_ideograph_once", () => {
    expect(charCount("𠮷a")).toBe(2);
  });
});
