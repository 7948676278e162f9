import kotlin.concurrent.thread

fun main() {
    val words = generateSequence(::readLine).flatMap { it.split(" ").asSequence() }.filter { it.isNotEmpty() }.toList()
    val counts = words.groupingBy { it }.eachCount()
    for ((word, times) in counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).take(3)) println("$word $times")

    println("area: %.2f".format(java.util.Locale.ROOT, listOf(Square(2.0), Circle(1.0)).sumByDouble { it.area() }))

    val sums = LongArray(4)
    val workers = (0 until 4).map { first ->
        thread { sums[first] = (1..100_000).filter { it % 4 == first }.map { it.toLong() }.sum() }
    }
    workers.forEach { it.join() }
    println("threads: ${sums.sum()}")

    try {
        println(1 / (sums.size - 4))
    } catch (error: Exception) {
        println("caught: ${error.javaClass.simpleName}")
    }
}
