//go:build soak

package kafka

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestStorm lets members join and leave a group all the time for a minute, while messages come:
//
//	go test -tags soak -run TestStorm -v ./pipeline/kafka
func TestStorm(t *testing.T) {
	c := newTopic(t, 6, nil)
	l := newLedger()
	const n = 20000
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		for i := 0; i < n; i += 200 {
			c.put(t, i, 200)
			time.Sleep(400 * time.Millisecond)
		}
	}()
	var stops []func()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if len(stops) < 2 || len(stops) < 5 && rand.N(2) == 0 {
			stops = append(stops, l.member(t, c))
		} else {
			i := rand.N(len(stops))
			stops[i]()
			stops = append(stops[:i], stops[i+1:]...)
		}
		l.check(t, c)
		time.Sleep(rand.N(2 * time.Second))
	}
	<-produced
	l.await(t, c, n)
	for _, stop := range stops {
		stop()
	}
	l.check(t, c)
	again := 0
	for _, offsets := range l.done {
		for _, times := range offsets {
			again += times - 1
		}
	}
	t.Logf("%d messages, %d of them processed again, %d committed", n, again, c.committed(t))
	if got := c.committed(t); got != n {
		t.Errorf("%d of %d are committed", got, n)
	}
}
