import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

public final class Driver {
  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t", -1);
      List<String> secrets = fields[0].isEmpty() ? List.of() : List.of(fields[0].split(","));
      byte[][] parts = new byte[4][];
      for (int index = 0; index < 4; index++) parts[index] = Base64.getDecoder().decode(fields[index + 1]);
      try {
        Verify.verify(secrets, text(parts[0]), text(parts[1]), text(parts[2]), parts[3], Long.parseLong(fields[5]), Long.parseLong(fields[6]));
        System.out.println("ok");
      } catch (Verify.Refused | IllegalArgumentException refused) {
        System.out.println("refused");
      }
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
