using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class PromptTemplateTests
{
    [Theory]
    [InlineData("Hello {name}, {name}!", "Hello {x}, {x}!")]
    [InlineData("{name}", "{x}")]
    [InlineData("{{name}} is {name}", "{name} is {x}")]
    [InlineData("{{{name}}}", "{{x}}")]
    [InlineData("{ name }}}", "{x}}")]
    public void Fields_are_filled_and_doubled_braces_are_braces(string template, string expected) =>
        Assert.Equal(expected, new PromptTemplate(template).Format(("name", "{x}")));

    [Fact]
    public void Fields_are_listed_in_order()
    {
        PromptTemplate template = new("{b} {a} {b}");
        Assert.Equal(["b", "a"], template.Fields);
        Assert.Equal("2 1 2", template.Format(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }));
        Assert.Equal("{b} {a} {b}", template.ToString());
    }

    [Theory]
    [InlineData("{", "position 0")]
    [InlineData("a } b", "position 2")]
    [InlineData("{a {b}", "position 0")]
    [InlineData("x{}", "position 1")]
    [InlineData("x{ }", "position 1")]
    public void A_broken_template_is_refused_with_the_place(string template, string place) =>
        Assert.Contains(place, Assert.Throws<ArgumentException>(() => new PromptTemplate(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_unknown_or_doubled_field_is_named()
    {
        PromptTemplate template = new("{text}: {label}");
        Assert.Contains("{label} has no value", Error(("text", "a")), StringComparison.Ordinal);
        Assert.Contains("no field {lable}; it has {text}, {label}", Error(("text", "a"), ("lable", "b")), StringComparison.Ordinal);
        Assert.Contains("{text} is given twice", Error(("text", "a"), ("text", "b"), ("label", "c")), StringComparison.Ordinal);

        string Error(params (string, string)[] values) => Assert.Throws<ArgumentException>(() => template.Format(values)).Message;
    }
}
