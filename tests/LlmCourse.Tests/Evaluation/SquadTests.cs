using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class SquadTests
{
    [Theory]
    [InlineData("The  Denver Broncos!", "denver broncos")]
    [InlineData("state-of-the-art", "stateoftheart")] // punctuation goes before articles
    [InlineData("theatre anthem", "theatre anthem")]
    [InlineData("the—end of a\u00A0day", "—end of day")]
    [InlineData("3,500", "3500")]
    [InlineData("a an the", "")]
    [InlineData("a😀the end", "😀 end")]
    public void What_does_not_matter_is_left_out(string text, string normalized) => Assert.Equal(normalized, Squad.Normalize(text));

    [Fact]
    public void Half_a_character_is_left_as_it_is() => Assert.Equal("\uD83D x", Squad.Normalize("the \uD83D x"));

    [Fact]
    public void The_nearest_answer_counts()
    {
        Assert.Equal(1, Squad.ExactMatch("the US.", ["USA", "U.S."]));
        Assert.Equal(0, Squad.ExactMatch("in 1492", ["1492", "year 1492"]));
        // One of two words against one; one of two against two: 2/3 and 1/2.
        Assert.Equal(2.0 / 3, Squad.F1("in 1492", ["year 1492", "1492"]), 15);
        // Words count as often as in both: red and blue once each, of three and three.
        Assert.Equal(2.0 / 3, Squad.F1("red red blue", ["red blue blue"]), 15);
    }

    [Fact]
    public void An_empty_answer_is_right_only_if_nothing_is()
    {
        Assert.Equal((1, 1), (Squad.ExactMatch("", ["the"]), Squad.F1("", ["the"])));
        Assert.Equal((0, 0), (Squad.ExactMatch("x", [""]), Squad.F1("x", [""])));
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Squad.F1("x", []));
        Assert.Throws<ArgumentNullException>(() => Squad.F1(null!, ["x"]));
        Assert.Throws<ArgumentException>(() => Squad.ExactMatch("x", [null!]));
    }
}
