using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tests.Tokenization.Unicode;

public sealed class CodePointSetTests
{
    [Fact]
    public void Operations_are_those_of_sets()
    {
        Random random = new(5);
        for (int round = 0; round < 50; round++)
        {
            CodePointSet a = Any(random), b = Any(random);
            (CodePointSet union, CodePointSet both, CodePointSet not) = (a.Union(b), a.Intersect(b), a.Complement());
            for (int probe = 0; probe < 200; probe++)
            {
                int c = random.Next(2) == 0 ? random.Next(300) : random.Next(CodePoints.Last + 1);
                Assert.Equal(a.Contains(c) || b.Contains(c), union.Contains(c));
                Assert.Equal(a.Contains(c) && b.Contains(c), both.Contains(c));
                Assert.Equal(!a.Contains(c), not.Contains(c));
            }
        }
    }

    [Fact]
    public void The_ends_belong_to_it()
    {
        Assert.True(CodePointSet.All.Contains(0) && CodePointSet.All.Contains(CodePoints.Last));
        Assert.True(CodePointSet.All.Complement().IsEmpty);
        Assert.True(CodePointSet.Empty.Complement().Contains(CodePoints.Last));
        Assert.Equal('x', CodePointSet.Of('x').Single);
        Assert.Equal(-1, CodePointSet.Of('x', 'y').Single);
    }

    [Fact]
    public void The_classes_know_the_corners()
    {
        Assert.True(CodePointClasses.Letter.Contains(0x1D518) && !CodePointClasses.Letter.Contains(0x2167));
        Assert.True(CodePointClasses.Numeric.Contains(0xBD) && CodePointClasses.Numeric.Contains(0x2167));
        Assert.True(CodePointClasses.Punctuation.Contains('$') && !CodePointClasses.Punctuation.Contains('€'));
        Assert.True(CodePointClasses.Word.Contains(0x200D) && CodePointClasses.Word.Contains('_') && !CodePointClasses.Word.Contains('-'));
        Assert.Equal([0x69, 0x307], LowerCase.Of(0x130)!);
        Assert.Equal([0xDF], LowerCase.Of(0x1E9E)!);
        Assert.Null(LowerCase.Of('a'));
    }

    /// <summary>Some ranges, few (which are scanned) or many (which make a bitmap), in both planes.</summary>
    private static CodePointSet Any(Random random) => CodePointSet.FromRanges(Enumerable.Range(0, random.Next(12)).Select(_ =>
    {
        int first = random.Next(2) == 0 ? random.Next(300) : random.Next(CodePoints.Last - 1000);
        return (first, first + random.Next(1000));
    }));
}
