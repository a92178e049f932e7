using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Tokenization.Chat;

/// <summary>Templates come with downloaded models: whatever they try ends soon, with a typed error.</summary>
public sealed class TemplateLimitsTests
{
    [Theory]
    [InlineData("{{ 'x' * 1000000000 }}")]
    [InlineData("{{ [0] * 1000000000 }}")]
    [InlineData("{{ range(1000000000) }}")]
    [InlineData("{{ 10 ** (10 ** 10) }}")]
    [InlineData("{{ 2 ** 60000 }}")]
    [InlineData("{{ 'x'.ljust(2000000000) }}")]
    [InlineData("{{ 'x'|center(2000000000) }}")]
    [InlineData("{{ '%2000000000d' % 1 }}")]
    [InlineData("{{ '{:900000000}'.format(1) }}")]
    [InlineData("{{ '{:.900000000}'.format('x' * 10) ~ 'x' * 900000000 }}")]
    [InlineData("{{ [1]|batch(2000000000, 0)|list }}")]
    [InlineData("{{ [1]|slice(2000000000)|list }}")]
    [InlineData("{{ ('a' * 10000).replace('a', 'b' * 10000) }}")]
    [InlineData("{{ (['a' * 10000] * 10000)|join }}")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}")]
    [InlineData("{% set n = namespace(s='x') %}{% for a in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}")]
    [InlineData("{% set n = namespace(s=[1]) %}{% for a in range(99) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}")]
    [InlineData("{% set n = namespace(s=[1]) %}{% for a in range(99) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s|tojson }}")]
    [InlineData("{% set n = namespace(s=[1], t=[1]) %}{% for a in range(99) %}{% set n.s = [n.s, n.s] %}{% set n.t = [n.t, n.t] %}{% endfor %}{{ n.s == n.t }}")]
    [InlineData("{% set n = namespace(s=(1,)) %}{% for a in range(99) %}{% set n.s = (n.s, n.s) %}{% endfor %}{{ {n.s: 1} }}")]
    [InlineData("{% set s = 'a' * 4000000 %}{% for a in range(99999) %}{{ 'b' in s }}{% endfor %}")]
    [InlineData("{% set s = 'a' * 4000000 %}{{ ('a' * 2000000 ~ 'b' ~ 'a' * 1000000) in s }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m(a) %}{{ caller() }}{% endmacro %}{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}")]
    [InlineData("{% set n = namespace(s=[]) %}{% for a in range(99999) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s }}")]
    [InlineData("{% set n = namespace(s=[]) %}{% for a in range(99999) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s|tojson }}")]
    public void Hostile_programs_are_stopped(string template)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).RenderProgram(new Dictionary<string, object?>()));

        Assert.Equal(ChatTemplateError.Limit, error.Error);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("1 + ", "")]
    [InlineData("1 and ", "")]
    public void Expressions_nested_without_end_are_refused(string open, string close)
    {
        // The stack is the limit, and an optimised build goes far on it: 100,000 steps.
        string template = "{{ " + string.Concat(Enumerable.Repeat(open, 1_000_000)) + "1" + string.Concat(Enumerable.Repeat(close, 1_000_000)) + " }}";

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).RenderProgram(new Dictionary<string, object?>()));

        Assert.Equal(ChatTemplateError.Limit, error.Error);
    }

    [Fact]
    public void Blocks_nested_without_end_are_refused()
    {
        string template = string.Concat(Enumerable.Repeat("{% if 1 %}", 100_000));

        Assert.Equal(ChatTemplateError.Limit, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template)).Error);
    }

    [Fact]
    public void A_long_conversation_is_no_hostile_program()
    {
        var template = ChatTemplate.Parse("{% for m in messages %}{{ '<' + m.role + '>' + m.content|trim + '\n' }}{% endfor %}");
        ChatMessage[] messages = [.. Enumerable.Repeat(new ChatMessage("user", new string('x', 1000)), 2000)];

        Assert.Equal(2000 * 1007, template.Render(messages).Length);
    }
}
