package main

import "fmt"

func main() {
	for _, shape := range []Shape{Square{2}, Circle{1}} {
		fmt.Printf("%s %.2f\n", shape.Name(), shape.Area())
	}
}
