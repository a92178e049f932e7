using System.Globalization;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Writes a time as C's <c>strftime</c> does, in English.</summary>
internal static class TimeFormat
{
    public static string Format(DateTimeOffset time, string format)
    {
        var to = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                to.Append(format[i]);
                continue;
            }

            bool unpadded = format[i + 1] == '-' && i + 2 < format.Length;
            i += unpadded ? 2 : 1;
            string text = Directive(time, format[i]);
            string trimmed = text.TrimStart('0', ' ');
            to.Append(!unpadded ? text : trimmed.Length > 0 ? trimmed : "0");
        }

        return to.ToString();
    }

    private static string Directive(DateTimeOffset time, char directive) => directive switch
    {
        '%' => "%",
        'n' => "\n",
        't' => "\t",
        'a' => Text(time, "ddd"),
        'A' => Text(time, "dddd"),
        'b' or 'h' => Text(time, "MMM"),
        'B' => Text(time, "MMMM"),
        'c' => Text(time, "ddd MMM ") + Day(time) + Text(time, " HH:mm:ss yyyy"),
        'C' => Number(time.Year / 100, "00"),
        'd' => Text(time, "dd"),
        'D' or 'x' => Text(time, "MM/dd/yy"),
        'e' => Day(time),
        'f' => Text(time, "ffffff"),
        'F' => Text(time, "yyyy-MM-dd"),
        'G' => Number(ISOWeek.GetYear(time.DateTime), "0000"),
        'H' => Text(time, "HH"),
        'I' => Text(time, "hh"),
        'j' => Number(time.DayOfYear, "000"),
        'm' => Text(time, "MM"),
        'M' => Text(time, "mm"),
        'p' => Text(time, "tt"),
        'r' => Text(time, "hh:mm:ss tt"),
        'R' => Text(time, "HH:mm"),
        'S' => Text(time, "ss"),
        'T' or 'X' => Text(time, "HH:mm:ss"),
        'u' => Number(((int)time.DayOfWeek + 6) % 7 + 1, "0"),
        'U' => Number((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, "00"),
        'V' => Number(ISOWeek.GetWeekOfYear(time.DateTime), "00"),
        'w' => Number((int)time.DayOfWeek, "0"),
        'W' => Number((time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7, "00"),
        'y' => Text(time, "yy"),
        'Y' => Number(time.Year, "0"),
        'z' or 'Z' => "",
        _ => "%" + directive,
    };

    private static string Text(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);

    private static string Number(int value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Day(DateTimeOffset time) => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2);
}
