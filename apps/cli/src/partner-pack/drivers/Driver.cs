using System;
using System.Linq;
using System.Text;

public static class Driver
{
    public static void Main()
    {
        for (var line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            var fields = line.Split('\t');
            var secrets = fields[0].Split(',').Where(secret => secret != "");
            var parts = fields.Skip(1).Take(4).Select(Convert.FromBase64String).ToArray();
            var texts = parts.Select(part => Encoding.GetEncoding("iso-8859-1").GetString(part)).ToArray();
            try
            {
                Postback.Verify(secrets, texts[0], texts[1], texts[2], parts[3], long.Parse(fields[5]), long.Parse(fields[6]));
                Console.WriteLine("ok");
            }
            catch (Exception refused) when (refused is Postback.RefusedException || refused is ArgumentException || refused is FormatException)
            {
                Console.WriteLine("refused");
            }
        }
    }
}
