namespace LlmCourse.Evaluation.Text;

/// <summary>
/// Takes the endings off English words (Porter, "An algorithm for suffix stripping", 1980). Letters other than a to z count as
/// consonants. The names of the steps and conditions are the paper's.
/// </summary>
internal static class PorterStemmer
{
    private static readonly (string, string)[] Step2Rules =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"),
        ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
        ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ];

    private static readonly (string, string)[] Step2OriginalRules =
        [.. Step2Rules.Select(rule => rule.Item1 == "bli" ? ("abli", "able") : rule)];

    private static readonly (string, string)[] Step3Rules =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly (string, string)[] Step4Rules =
    [
        ("al", ""), ("ance", ""), ("ence", ""), ("er", ""), ("ic", ""), ("able", ""), ("ible", ""), ("ant", ""), ("ement", ""),
        ("ment", ""), ("ent", ""), ("ion", ""), ("ou", ""), ("ism", ""), ("ate", ""), ("iti", ""), ("ous", ""), ("ive", ""), ("ize", ""),
    ];

    /// <summary>The stem of a word in lower case.</summary>
    public static string Stem(string word, PorterMode mode = PorterMode.Extended)
    {
        if (mode == PorterMode.Extended && Irregular(word) is { } irregular)
            return irregular;
        if (mode != PorterMode.Original && word.Length <= 2)
            return word;
        // No step makes a word longer than it was at the beginning: the "e" of step 1b replaces at least two letters.
        Span<char> buffer = word.Length <= 128 ? stackalloc char[128] : new char[word.Length];
        word.CopyTo(buffer);
        int length = Step1A(buffer[..word.Length], mode);
        length = Step1B(buffer, length, mode);
        length = Step1C(buffer[..length], mode);
        length = Step2(buffer, length, mode);
        length = Replace(buffer, length, Step3Rules, 0);
        length = Replace(buffer, length, Step4Rules, 1);
        length = Step5A(buffer[..length], mode);
        if (EndsWith(buffer[..length], "ll") && Measure(buffer[..(length - 1)]) > 1)
            length--;
        return new string(buffer[..length]);
    }

    private static string? Irregular(string word) => word switch
    {
        "sky" or "skies" => "sky",
        "dying" => "die",
        "lying" => "lie",
        "tying" => "tie",
        "innings" or "inning" => "inning",
        "outings" or "outing" => "outing",
        "cannings" or "canning" => "canning",
        "news" or "howe" or "proceed" or "exceed" or "succeed" => word,
        _ => null,
    };

    private static int Step1A(ReadOnlySpan<char> word, PorterMode mode) =>
        EndsWith(word, "sses") ? word.Length - 2
        : EndsWith(word, "ies") ? word.Length - (mode == PorterMode.Extended && word.Length == 4 ? 1 : 2)
        : EndsWith(word, "s") && !EndsWith(word, "ss") ? word.Length - 1
        : word.Length;

    private static int Step1B(Span<char> buffer, int length, PorterMode mode)
    {
        ReadOnlySpan<char> word = buffer[..length];
        if (mode == PorterMode.Extended && EndsWith(word, "ied"))
            return length - (length == 4 ? 1 : 2);
        if (EndsWith(word, "eed"))
            return Measure(word[..^3]) > 0 ? length - 1 : length;
        int stem = EndsWith(word, "ed") && HasVowel(word[..^2]) ? length - 2
            : EndsWith(word, "ing") && HasVowel(word[..^3]) ? length - 3
            : length;
        if (stem == length)
            return length;
        word = buffer[..stem];
        if (!EndsWith(word, "at") && !EndsWith(word, "bl") && !EndsWith(word, "iz"))
        {
            if (EndsInDoubleConsonant(word))
                return word[^1] is 'l' or 's' or 'z' ? stem : stem - 1;
            if (Measure(word) != 1 || !EndsInShortSyllable(word, mode))
                return stem;
        }

        buffer[stem] = 'e';
        return stem + 1;
    }

    private static int Step1C(Span<char> word, PorterMode mode)
    {
        if (EndsWith(word, "y"))
        {
            ReadOnlySpan<char> stem = word[..^1];
            if (mode == PorterMode.Extended ? stem.Length > 1 && IsConsonant(stem, stem.Length - 1) : HasVowel(stem))
                word[^1] = 'i';
        }

        return word.Length;
    }

    private static int Step2(Span<char> buffer, int length, PorterMode mode)
    {
        if (mode == PorterMode.Extended)
        {
            // "alli" comes first here, and what is left goes through the step again.
            while (EndsWith(buffer[..length], "alli") && Measure(buffer[..(length - 4)]) > 0)
                length -= 2;
        }

        int replaced = Replace(buffer, length, mode == PorterMode.Original ? Step2OriginalRules : Step2Rules, 0, out bool matched);
        if (matched || mode == PorterMode.Original)
            return replaced;
        ReadOnlySpan<char> word = buffer[..length];
        // In NLTK's variant the "l" of "logi" belongs to the stem, so that "geologi" and "theologi" lose their ending too.
        return mode == PorterMode.Extended && EndsWith(word, "fulli") ? (Measure(word[..^5]) > 0 ? length - 2 : length)
            : EndsWith(word, "logi") && Measure(word[..^(mode == PorterMode.Extended ? 3 : 4)]) > 0 ? length - 1
            : length;
    }

    private static int Step5A(ReadOnlySpan<char> word, PorterMode mode)
    {
        if (!EndsWith(word, "e"))
            return word.Length;
        ReadOnlySpan<char> stem = word[..^1];
        int measure = Measure(stem);
        return measure > 1 || (measure == 1 && !EndsInShortSyllable(stem, mode)) ? stem.Length : word.Length;
    }

    /// <summary>The first rule whose suffix fits decides: it is applied where the measure of the stem is above a bound.</summary>
    private static int Replace(Span<char> buffer, int length, (string Suffix, string Replacement)[] rules, int bound) =>
        Replace(buffer, length, rules, bound, out _);

    private static int Replace(Span<char> buffer, int length, (string Suffix, string Replacement)[] rules, int bound, out bool matched)
    {
        matched = true;
        foreach ((string suffix, string replacement) in rules)
        {
            if (!EndsWith(buffer[..length], suffix))
                continue;
            ReadOnlySpan<char> stem = buffer[..(length - suffix.Length)];
            if (Measure(stem) <= bound || (suffix == "ion" && stem[^1] is not ('s' or 't')))
                return length;
            replacement.CopyTo(buffer[stem.Length..]);
            return stem.Length + replacement.Length;
        }

        matched = false;
        return length;
    }

    private static bool EndsWith(ReadOnlySpan<char> word, string suffix) => word.EndsWith(suffix, StringComparison.Ordinal);

    /// <summary>m: how often a consonant follows a vowel.</summary>
    private static int Measure(ReadOnlySpan<char> stem)
    {
        int measure = 0;
        bool vowelBefore = false;
        for (int i = 0; i < stem.Length; i++)
        {
            bool vowel = IsVowel(stem[i], i > 0 && !vowelBefore);
            if (vowelBefore && !vowel)
                measure++;
            vowelBefore = vowel;
        }

        return measure;
    }

    private static bool HasVowel(ReadOnlySpan<char> stem)
    {
        for (int i = 0; i < stem.Length; i++)
        {
            // Every letter before was a consonant.
            if (IsVowel(stem[i], i > 0))
                return true;
        }

        return false;
    }

    /// <summary>"y" is a vowel after a consonant, and a consonant after a vowel and at the beginning.</summary>
    private static bool IsVowel(char letter, bool afterConsonant) => letter is 'a' or 'e' or 'i' or 'o' or 'u' || (letter == 'y' && afterConsonant);

    private static bool IsConsonant(ReadOnlySpan<char> word, int at)
    {
        // A run of "y" alternates.
        int start = at;
        while (start > 0 && word[start] == 'y')
            start--;
        bool vowel = IsVowel(word[start], false);
        return ((at - start) % 2 == 0) == !vowel;
    }

    /// <summary>*d</summary>
    private static bool EndsInDoubleConsonant(ReadOnlySpan<char> word) =>
        word.Length >= 2 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    /// <summary>*o: consonant, vowel, consonant other than w, x and y; in NLTK's variant also a word of a vowel and a consonant.</summary>
    private static bool EndsInShortSyllable(ReadOnlySpan<char> word, PorterMode mode) => word.Length >= 3
        ? IsConsonant(word, word.Length - 3) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 1) && word[^1] is not ('w' or 'x' or 'y')
        : mode == PorterMode.Extended && word.Length == 2 && !IsConsonant(word, 0) && IsConsonant(word, 1);
}
