package sourceclient

import (
	"context"
	"sync"
)

// maxAtOnce bounds the messages that are on their way at the same time.
const maxAtOnce = 8

// Delivery is the outcome of one of several messages.
type Delivery struct {
	Number  int // of the message, from 0
	Receipt Receipt
	Err     error
}

// Deliver sends messages, a few at a time, and tells of each as it is done. load reads
// the message of a number when its turn comes, so that they are not all held at once.
// A failed message does not stop the others; the context does. report is called from
// one goroutine.
func (c *Client) Deliver(ctx context.Context, count int, load func(number int) (Message, error), report func(Delivery)) {
	numbers, outcomes := make(chan int), make(chan Delivery)
	var workers sync.WaitGroup
	for range min(maxAtOnce, count) {
		workers.Go(func() {
			for n := range numbers {
				d := Delivery{Number: n}
				var m Message
				if m, d.Err = load(n); d.Err == nil {
					d.Receipt, d.Err = c.Put(ctx, m)
				}
				outcomes <- d
			}
		})
	}
	go func() {
		defer close(outcomes)
		for n := range count {
			numbers <- n
		}
		close(numbers)
		workers.Wait()
	}()
	for d := range outcomes {
		report(d)
	}
}
