# Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. Ruby 2.7 or later, standard library only.
# In Rack: body = request.body.read, headers request.get_header("HTTP_WEBHOOK_ID") and so on.
require "openssl"

module Postback
  class Refused < StandardError; end

  # The id to deduplicate by. `body` is the raw bytes, before any parser; headers are nil if absent.
  # Raises Refused for what is to be answered 400 or 401.
  def self.verify(secrets, id, timestamp, signature, body, now: Time.now.to_i, tolerance: 300)
    id, timestamp, signature = [id, timestamp, signature].map { |value| value.to_s.b }
    raise Refused, "webhook-id is missing or malformed" unless id.match?(%r{\A[!-+\-/-~]{1,256}\z}n)
    raise Refused, "webhook-timestamp is missing or malformed" unless timestamp.match?(/\A(?:0|[1-9][0-9]{0,13})\z/n)
    raise Refused, "webhook-timestamp is too far from this clock" if (now - timestamp.to_i).abs > tolerance

    entries = signature.split(" ", -1)
    # String#split(" ") forgives runs of white space; the signature's form does not.
    well_formed = entries.join(" ") == signature && entries.size.between?(1, 16) &&
                  entries.all? { |entry| entry.match?(/\Av[0-9]{1,3}[a-z]{0,2},[^,]+\z/n) }
    given = entries.select { |entry| entry.start_with?("v1,") }.map { |entry| entry[3..] }
    well_formed &&= given.all? { |value| value.match?(%r{\A[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\z}n) }
    raise Refused, "webhook-signature is missing or malformed" unless well_formed

    secrets.each do |secret|
      mac = [OpenSSL::HMAC.digest("SHA256", key_of(secret), "#{id}.#{timestamp}.".b + body.b)].pack("m0")
      return id if given.any? { |value| OpenSSL.fixed_length_secure_compare(value, mac) }
    end
    raise Refused, "no signature matches"
  end

  # The bytes of a whsec_ secret; fails loudly for one that is empty or cut.
  def self.key_of(secret)
    raise ArgumentError, "the secret must start with whsec_" unless secret.start_with?("whsec_")

    key = secret[6..].unpack1("m0")
    raise ArgumentError, "the secret is not whole" unless key.bytesize.between?(24, 64)

    key
  end
end
