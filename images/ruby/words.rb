require "set"

counts = STDIN.read.split.tally
counts.sort_by { |word, times| [-times, word] }.first(3).each { |word, times| puts "#{word} #{times}" }
puts "30! = #{(2..30).inject(:*)}"
puts "threads: #{(0...4).map { |n| Thread.new { n * n } }.map(&:value)}"
