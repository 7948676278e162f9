package main

import (
	"fmt"
	"sort"
	"strings"
	"sync"
)

func generate(out chan<- int) {
	for n := 2; ; n++ {
		out <- n
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for n := range in {
		if n%prime != 0 {
			out <- n
		}
	}
}

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + depth(n-1)
}

func at(list []int, index int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
		}
	}()
	_ = list[index]
	return nil
}

func main() {
	ch := make(chan int)
	go generate(ch)
	fmt.Print("primes:")
	for i := 0; i < 10; i++ {
		prime := <-ch
		fmt.Print(" ", prime)
		next := make(chan int)
		go filter(ch, next, prime)
		ch = next
	}
	fmt.Println()

	count := map[string]int{}
	for _, word := range strings.Fields("the cat a dog the bird a fish the end") {
		count[word]++
	}
	var words []string
	for word, times := range count {
		if times > 1 {
			words = append(words, fmt.Sprintf("%s=%d", word, times))
		}
	}
	sort.Strings(words)
	fmt.Println("words:", strings.Join(words, " "))
	fmt.Println("recovered:", at([]int{1, 2, 3}, 5))

	var group sync.WaitGroup
	var lock sync.Mutex
	total := 0
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(first int) {
			defer group.Done()
			sum := 0
			for n := first; n < 100000; n += 8 {
				sum += n * n
			}
			lock.Lock()
			total += sum
			lock.Unlock()
		}(worker)
	}
	group.Wait()
	fmt.Println("sum of squares:", total)
	fmt.Println("depth:", depth(1000000))
}
