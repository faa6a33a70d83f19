require File.join(ARGV[0], "verify.rb")

$stdin.each_line(chomp: true) do |line|
  secrets, id, timestamp, signature, body, now, tolerance = line.split("\t", -1)
  parts = [id, timestamp, signature, body].map { |field| field.unpack1("m0") }
  begin
    Postback.verify(secrets.split(","), *parts, now: now.to_i, tolerance: tolerance.to_i)
    puts "ok"
  rescue Postback::Refused, ArgumentError
    puts "refused"
  end
end
