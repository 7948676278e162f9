package main

import "math"

type Shape interface {
	Name() string
	Area() float64
}

type Square struct{ side float64 }
type Circle struct{ radius float64 }

func (s Square) Name() string  { return "square" }
func (s Square) Area() float64 { return s.side * s.side }
func (c Circle) Name() string  { return "circle" }
func (c Circle) Area() float64 { return math.Pi * c.radius * c.radius }
