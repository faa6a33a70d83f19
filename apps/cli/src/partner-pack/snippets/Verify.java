// Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. Java 11 or later, standard library only.
// Take the body as bytes (request.getInputStream().readAllBytes()) before anything reads it as text.
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
  private static final Pattern ID = Pattern.compile("[!-+\\-/-~]{1,256}");
  private static final Pattern TIMESTAMP = Pattern.compile("0|[1-9][0-9]{0,13}");
  private static final Pattern ENTRY = Pattern.compile("v[0-9]{1,3}[a-z]{0,2},[^,]+");
  private static final Pattern V1 = Pattern.compile("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=");

  /** Thrown for what is to be answered 400 or 401. */
  public static final class Refused extends Exception {
    Refused(String message) {
      super(message);
    }
  }

  /** The id to deduplicate by. Headers are null if absent. */
  public static String verify(
      List<String> secrets, String id, String timestamp, String signature, byte[] body, long nowSeconds, long toleranceSeconds)
      throws Refused, GeneralSecurityException {
    if (id == null || !ID.matcher(id).matches()) throw new Refused("webhook-id is missing or malformed");
    if (timestamp == null || !TIMESTAMP.matcher(timestamp).matches())
      throw new Refused("webhook-timestamp is missing or malformed");
    if (Math.abs(nowSeconds - Long.parseLong(timestamp)) > toleranceSeconds)
      throw new Refused("webhook-timestamp is too far from this clock");
    String[] entries = signature == null ? new String[] {""} : signature.split(" ", -1);
    List<byte[]> given = new ArrayList<>();
    for (String entry : entries) {
      boolean isV1 = entry.startsWith("v1,");
      boolean wellFormed = ENTRY.matcher(entry).matches() && (!isV1 || V1.matcher(entry.substring(3)).matches());
      if (entries.length > 16 || !wellFormed) throw new Refused("webhook-signature is missing or malformed");
      if (isV1) given.add(Base64.getDecoder().decode(entry.substring(3)));
    }
    for (String secret : secrets) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(keyOf(secret), "HmacSHA256"));
      mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.US_ASCII));
      byte[] expected = mac.doFinal(body);
      for (byte[] value : given) if (MessageDigest.isEqual(value, expected)) return id;
    }
    throw new Refused("no signature matches");
  }

  /** The bytes of a whsec_ secret; fails loudly for one that is empty or cut. */
  private static byte[] keyOf(String secret) {
    if (!secret.startsWith("whsec_")) throw new IllegalArgumentException("the secret must start with whsec_");
    byte[] key = Base64.getDecoder().decode(secret.substring(6));
    if (key.length < 24 || key.length > 64) throw new IllegalArgumentException("the secret is not whole");
    return key;
  }
}
