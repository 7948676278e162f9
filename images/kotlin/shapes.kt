sealed class Shape {
    abstract fun area(): Double
}

data class Square(val side: Double) : Shape() {
    override fun area() = side * side
}

data class Circle(val radius: Double) : Shape() {
    override fun area() = Math.PI * radius * radius
}
