using LlmCourse.Data;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Data;

public sealed class DuplicatesTests
{
    [Fact]
    public void Exact_and_normalised_duplicates_are_told_apart_and_what_is_left_may_be_trained_on()
    {
        Example[] test = [new("How are you?", "x") { Source = "test:1" }, new("Crème brûlée", "x") { Source = "test:2" }, new("How are you?", "z") { Source = "test:3" }, new("?!", "x")];
        Example[] train =
        [
            new("How are you?", "y") { Source = "train:1" }, // the answer does not matter
            new("  how are\nYOU", "y") { Source = "train:2" },
            new("How are you today?", "y") { Source = "train:3" },
            new("CRÈME, BRÛLÉE!", "y"),
            new("...", "y") { Source = "train:5" }, // nothing but punctuation is equal to itself only
            new("?!", "y") { Source = "train:6" },
        ];
        Duplicates found = Duplicates.Between(train, test);
        Assert.Equal(
            [new("train:1", "test:1", true), new("train:2", "test:1", false), new("3", "test:2", false), new("train:6", "3", true)],
            found.Pairs);
        Assert.Equal((2, 2), (found.Exact, found.Normalised));
        Assert.Equal(["train:3", "train:5"], found.Kept.Select(example => example.Source));
        Assert.Equal("2 training examples are in the test data, 2 more are but for case, blanks and punctuation; 2 are not.", found.ToString());
    }

    [Fact]
    public void Conversations_are_compared_without_their_last_answer()
    {
        Example Chat(string question, string answer) => new([new ChatMessage("user", question), new ChatMessage("assistant", answer)]);
        Assert.Equal((1, 1), Duplicates.Between([Chat("a", "b"), Chat("A!", "b"), Chat("c", "b")], [Chat("a", "d")]) is var found ? (found.Exact, found.Normalised) : default);
    }

    [Fact]
    public void What_is_compared_can_be_chosen()
    {
        Example[] train = [new("Summarise: d1", "s")], test = [new("What is this about? d1", "s")];
        Assert.Empty(Duplicates.Between(train, test).Pairs);
        Assert.Single(Duplicates.Between(train, test, example => example.Prompt[^2..]).Pairs);
    }
}
