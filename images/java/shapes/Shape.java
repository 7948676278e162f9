package shapes;

/** Plane figures. Sealed, so that a compiler can tell whether all kinds were thought of. */
public sealed interface Shape {
    double area();

    record Circle(double radius) implements Shape {
        public Circle {
            if (radius <= 0) {
                throw new IllegalArgumentException("a circle needs a radius above zero");
            }
        }

        @Override
        public double area() {
            return Math.PI * radius * radius;
        }
    }

    record Rectangle(double width, double height) implements Shape {
        @Override
        public double area() {
            return width * height;
        }
    }

    record Triangle(double a, double b, double c) implements Shape {
        @Override
        public double area() {
            double s = (a + b + c) / 2;
            return Math.sqrt(s * (s - a) * (s - b) * (s - c));
        }
    }
}
