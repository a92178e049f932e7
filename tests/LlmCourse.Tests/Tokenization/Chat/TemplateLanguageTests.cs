using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Tests.Tokenization.Chat;

/// <summary>The language itself. Expected values follow from Python's and Jinja's documented rules.</summary>
public sealed class TemplateLanguageTests
{
    private static readonly Dictionary<string, object?> Variables = new()
    {
        ["xs"] = new List<object?> { 3, 1, 2 },
        ["word"] = "Hello",
        ["face"] = "a\U0001F600b",
    };

    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")] // trim_blocks, lstrip_blocks, last newline
    [InlineData("a {%- if true -%} b {%- endif -%} c", "abc")]
    [InlineData("  {%+ if true +%}\nb{% endif %}", "  \nb")]
    [InlineData("  {{ word }}\n\n", "  Hello\n")] // a print keeps its blanks
    [InlineData("a {#- c -#} b", "ab")]
    [InlineData("{% raw %}{{ x }}{% endraw %}", "{{ x }}")]
    [InlineData("a\r\nb\rc", "a\nb\nc")]
    [InlineData("{{ '}}' }}{{ {'a': {'b': 1}}.a.b }}", "}}1")]
    public void Blanks_go_where_tags_take_them(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ 7 / 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}", "3.5 -4 2 64 4")]
    [InlineData("{{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 1.5e-7 }} {{ 0.0001 }}", "0.30000000000000004 1e+16 1000000000000000.0 1.5e-07 0.0001")]
    [InlineData("{{ 10 ** 20 }} {{ true + 1 }} {{ 1 == 1.0 }} {{ 9007199254740993 == 9007199254740992.0 }}", "100000000000000000000 2 True False")]
    [InlineData("{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ not 1 == 2 }} {{ 2 not in xs }}", "True False True False")]
    public void Arithmetic_is_that_of_Python(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ face|length }} {{ face[1] }} {{ face[::-1] }} {{ face.find('b') }}", "3 \U0001F600 b\U0001F600a 2")]
    [InlineData("{{ [none, true, 1.0, \"it's\", 'a\\n'] }}", "[None, True, 1.0, \"it's\", 'a\\n']")]
    [InlineData("{{ ' a  b c '.split(none, 1) }} {{ 'a,b,,c'.split(',') }}", "['a', 'b c '] ['a', 'b', '', 'c']")]
    [InlineData("{{ 'stra\u00DFe \uFB01n'|upper }} {{ '\u039F\u03A3'|lower }}", "STRASSE FIN \u03BF\u03C2")]
    [InlineData("{{ '%05.1f|%-4d|%s' % (2.25, 7, none) }} {{ '{:>4}{:,}'.format('a', 1234) }}", "002.2|7   |None    a1,234")]
    public void Strings_are_those_of_Python(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{% for x in xs if x > 1 %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% else %}none{% endfor %}", "13,22")]
    [InlineData("{% for x in [] %}{% else %}none{% endfor %}", "none")]
    [InlineData("{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% break %}{% endfor %}", "3")]
    [InlineData("{% set x = 1 %}{% for y in xs %}{% set x = y %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% set n = namespace(x=0) %}{% for y in xs %}{% set n.x = n.x + y %}{% endfor %}{{ n.x }}", "6")]
    [InlineData("{% macro m(a, b='d') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}", "1d32")]
    [InlineData("{% set t | upper %}a{{ word }}{% endset %}{{ t }}", "AHELLO")]
    [InlineData("{% for t in [[1, [2]]] recursive %}{{ t }}{{ loop(t[1:]) if t[1:] }}{% endfor %}", "[1, [2]][2]")]
    [InlineData("{% for x in xs %}{% continue %}{% else %}none{% endfor %}", "none")] // no turn came to its end
    [InlineData("{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{% else %}none{% endfor %}", "")]
    [InlineData("{% filter indent(2) %}\n\nb{% endfilter %}", "\n  b")]
    [InlineData("{% if false %}{{ word|nofilter }}{% endif %}{{ word|nofilter if false }}", "")]
    public void Statements_do_what_Jinja_says(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{% for x in [1] %}{{ word }}{% endfor %}{% set word = 1 %}{{ word }}", "1")] // the loop is inside of a frame that sets it
    [InlineData("{% set word %}<{{ word }}>{% endset %}{{ word }}", "<>")]
    [InlineData("{{ word }}{% for x in [1] %}{{ word }}{% endfor %}{% set word = 1 %}", "HelloHello")] // read before
    [InlineData("{% if true %}{% set word = 1 %}{% endif %}{{ word }}", "1")] // set in a branch
    [InlineData("{% if false %}{% set word = 1 %}{% endif %}{{ word }}", "Hello")]
    [InlineData("{% for x in [1, 2] %}{% filter trim %}{{ word }}{% endfilter %}{% set word = x %}{% endfor %}", "")]
    [InlineData("{% for x in [1, 2] %}{% filter trim %}{{ word }}{% endfilter %}{% set word = x %}{% endfor %}{{ word }}", "HelloHelloHello")]
    [InlineData("{% macro m(word) %}{% for x in [1] %}{{ word }}{% endfor %}{% set word = 2 %}{% endmacro %}{{ m(1) }}", "1")]
    [InlineData("{% for word in xs %}{% filter trim %}{{ word }}{% endfilter %}{% set word = 0 %}{% endfor %}", "312")]
    public void A_name_that_a_frame_sets_first_is_undefined_until_then(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ none|map('upper')|list }}{{ nothing|selectattr('a')|list }}{{ 0|reject|list }}", "[][][]")]
    [InlineData("{{ [none, none]|sort }}{{ [{}, {}]|sort }}{{ ['b', 'A']|sort(attribute='x') }}", "[None, None][{}, {}]['b', 'A']")] // equal keys need no order
    [InlineData("{{ 'a' % [] }}{{ 'a' % nothing }}{{ 'a' % {} }}", "aaa")]
    [InlineData("{{ range(3).count(1) }}{{ range(3).index(2) }}", "12")]
    [InlineData("{{ -0.0|abs }} {{ -0.5|round(0, 'ceil') }} {{ -2.5 // -4.0 }} {{ '1_0.5'|float }} {{ '1__0'|float }}", "0.0 0.0 0.0 10.5 0.0")]
    [InlineData("{{ (nothing|attr('__class__')) is defined }} {{ nothing|truncate(3) }}", "False ")]
    public void Values_have_Jinjas_and_Pythons_corners(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ none|selectattr('a')|list }}{{ none|map('upper')|list }}{{ false|reject('odd')|list }}", "[][][]")] // they ask first whether there is anything
    [InlineData("{{ nothing }}|{{ nothing|length }}|{{ nothing is defined }}|{{ nothing ~ 'x' }}", "|0|False|x")]
    [InlineData("{{ {'a': 1}.b|default('d') }} {{ ''|default('d') }}| {{ ''|default('d', true) }}", "d | d")]
    public void Undefined_prints_as_nothing(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ nothing + 'x' }}")]
    [InlineData("{{ 'x' + nothing }}")]
    [InlineData("{{ nothing.more }}")]
    [InlineData("{{ nothing() }}")]
    [InlineData("{{ nothing|tojson }}")]
    [InlineData("{{ 'a' + 1 }}")]
    [InlineData("{{ 1 // 0 }}")]
    [InlineData("{{ xs.append(1) }}")]
    [InlineData("{{ ''.__class__.__mro__ }}")]
    [InlineData("{{ [1, 'a']|sort }}")]
    [InlineData("{{ 'a' % 1 }}")]
    [InlineData("{{ 'ab'.startswith((1, 'a')) }}")]
    [InlineData("{{ 1|indent }}")]
    [InlineData("{{ 1.5|truncate(3) }}")]
    [InlineData("{{ dict(nothing) }}")]
    [InlineData("{{ (1e300 * 1e300)|round(0, 'floor') }}")]
    [InlineData("{% filter length %}a{% endfilter %}")]
    [InlineData("{% set n = namespace(_a=1) %}")]
    [InlineData("{% set n = namespace() %}{% set n._a = 1 %}")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}")]
    public void What_Python_refuses_is_an_evaluation_error(string template) =>
        Assert.Equal(ChatTemplateError.Evaluation, Assert.Throws<ChatTemplateException>(() => Render(template)).Error);

    [Theory]
    [InlineData("\n{% if true %}", 2)]
    [InlineData("{{ a", 1)]
    [InlineData("\n\n{{ 'abc }}", 3)]
    [InlineData("{# open", 1)]
    [InlineData("{% raw %}", 1)]
    [InlineData("\n{{ a|nofilter }}", 2)]
    [InlineData("{{ a is notest }}", 1)]
    [InlineData("{% if false %}{% for x in a %}{{ x|nofilter }}{% endfor %}{% endif %}", 1)]
    [InlineData("{{ a|string.split(',') }}", 1)]
    [InlineData("{% unknown %}", 1)]
    [InlineData("{{ (a] }}", 1)]
    [InlineData("{{ f(a=1, 2) }}", 1)]
    [InlineData("{% set 1 = 2 %}", 1)]
    [InlineData("{% endfor %}", 1)]
    [InlineData("{{ '\\xZZ' }}", 1)]
    [InlineData("{{ a ? b }}", 1)]
    public void Malformed_templates_name_the_line(string template, int line)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));

        Assert.Equal((ChatTemplateError.Syntax, line), (error.Error, error.Line));
    }

    [Theory]
    [InlineData("\n{% include 'other' %}", "include")]
    [InlineData("\n{{ word|wordwrap }}", "wordwrap")]
    public void Unsupported_constructs_are_named_when_parsing(string template, string construct)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));

        Assert.Equal((ChatTemplateError.Unsupported, 2), (error.Error, error.Line));
        Assert.Contains($"'{construct}'", error.Message, StringComparison.Ordinal);
    }

    private static string Render(string template) => ChatTemplate.Parse(template).RenderProgram(Variables).Text;
}
