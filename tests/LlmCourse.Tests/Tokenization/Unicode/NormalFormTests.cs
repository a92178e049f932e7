using System.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tests.Tokenization.Unicode;

public sealed class NormalFormTests
{
    public static TheoryData<string> Texts() =>
    [
        "café Ångström ﬁ ½ ＡＢ", "e\u0301\u0323 o\u0323\u0301", "\u1E9B\u0323", "각\u1100\u1161\u11A8 가\u11A8", "\u0958 \u2ADC \uFB1D", "\u212B\u2126",
        "a\u0315\u0300\u05AE\u0062", "\u0344\u0385\u1FEE", "ǖ\u0304", "\u3392㍿ﷺ",
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void The_forms_are_those_of_the_runtime(string text)
    {
        Assert.Equal(text.Normalize(NormalizationForm.FormD), Text(NormalForm.Decompose(text, compatibility: false)));
        Assert.Equal(text.Normalize(NormalizationForm.FormKD), Text(NormalForm.Decompose(text, compatibility: true)));
        Assert.Equal(text.Normalize(NormalizationForm.FormC), Text(NormalForm.Compose(text, compatibility: false)));
        Assert.Equal(text.Normalize(NormalizationForm.FormKC), Text(NormalForm.Compose(text, compatibility: true)));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void The_changes_account_for_every_character(string text)
    {
        int characters = text.EnumerateRunes().Count();
        foreach (List<(int CodePoint, int Change)> form in (List<(int, int)>[])[NormalForm.Decompose(text, true), NormalForm.Compose(text, true), NormalForm.Compose(text, false)])
            Assert.Equal(characters, form.Where(item => item.Change <= 0).Sum(item => 1 - item.Change));
    }

    private static string Text(List<(int CodePoint, int Change)> form) => string.Concat(form.Select(item => CodePoints.ToText(item.CodePoint)));
}
