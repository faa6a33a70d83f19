// Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. .NET Core 2.1 or later, no package.
// Take the body as bytes (copy Request.Body to a MemoryStream) before model binding reads it.
using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

public static class Postback
{
    /// <summary>Thrown for what is to be answered 400 or 401.</summary>
    public sealed class RefusedException : Exception
    {
        public RefusedException(string message) : base(message) { }
    }

    /// <summary>The id to deduplicate by. Headers are null if absent.</summary>
    public static string Verify(
        IEnumerable<string> secrets, string id, string timestamp, string signature, byte[] body, long nowSeconds, long toleranceSeconds = 300)
    {
        if (!Regex.IsMatch(id ?? "", @"\A[!-+\-/-~]{1,256}\z"))
            throw new RefusedException("webhook-id is missing or malformed");
        if (!Regex.IsMatch(timestamp ?? "", @"\A(?:0|[1-9][0-9]{0,13})\z"))
            throw new RefusedException("webhook-timestamp is missing or malformed");
        if (Math.Abs(nowSeconds - long.Parse(timestamp)) > toleranceSeconds)
            throw new RefusedException("webhook-timestamp is too far from this clock");
        var entries = (signature ?? "").Split(' ');
        var given = new List<byte[]>();
        foreach (var entry in entries)
        {
            var isV1 = entry.StartsWith("v1,", StringComparison.Ordinal);
            var form = isV1 ? @"\Av1,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\z" : @"\Av[0-9]{1,3}[a-z]{0,2},[^,]+\z";
            if (entries.Length > 16 || !Regex.IsMatch(entry, form))
                throw new RefusedException("webhook-signature is missing or malformed");
            if (isV1) given.Add(Convert.FromBase64String(entry.Substring(3)));
        }
        var prefix = Encoding.ASCII.GetBytes(id + "." + timestamp + ".");
        var signed = new byte[prefix.Length + body.Length];
        prefix.CopyTo(signed, 0);
        body.CopyTo(signed, prefix.Length);
        foreach (var secret in secrets)
        {
            using (var hmac = new HMACSHA256(KeyOf(secret)))
            {
                var expected = hmac.ComputeHash(signed);
                foreach (var value in given)
                    if (CryptographicOperations.FixedTimeEquals(value, expected)) return id;
            }
        }
        throw new RefusedException("no signature matches");
    }

    /// <summary>The bytes of a whsec_ secret; fails loudly for one that is empty or cut.</summary>
    static byte[] KeyOf(string secret)
    {
        if (!secret.StartsWith("whsec_", StringComparison.Ordinal))
            throw new ArgumentException("the secret must start with whsec_");
        var key = Convert.FromBase64String(secret.Substring(6));
        if (key.Length < 24 || key.Length > 64) throw new ArgumentException("the secret is not whole");
        return key;
    }
}
