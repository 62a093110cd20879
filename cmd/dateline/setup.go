package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/datelinenews/dateline/pipeline/kafka"
)

// setupBackoff is the first pause before what a server refuses for now is tried again.
const setupBackoff = time.Second

type setupCmd struct {
	Wait time.Duration `default:"1m" help:"How long to try again where a server is still starting, or refuses for now."`

	kafkaSettings
	topicSettings
	elasticSettings
	offerSettings
	kibanaSettings
}

func (setupCmd) Help() string {
	return `Prepares what is set: Kafka's topics, Elasticsearch's index templates and aliases, Kibana's data views and dashboards (Kibana 8.8 or newer), or all of them. What is there already stays as it is, but for templates and dashboards, which are brought up to date; so it may be run again at any time.

Examples:

    dateline setup --kafka localhost:9092 --elasticsearch http://localhost:9200
    dateline setup --kafka localhost:9092 --partitions 12 --replication 3
    dateline setup --kibana http://localhost:5601 --kibana-links https://dateline.example.org`
}

func (c *setupCmd) run(ctx context.Context, p *process) error {
	if len(c.Kafka) == 0 && len(c.Elasticsearch) == 0 && c.Kibana == "" {
		return usagef("nothing to prepare: give --kafka localhost:9092, --elasticsearch http://localhost:9200 or --kibana http://localhost:5601, or several")
	}
	if c.Wait < 0 {
		return usagef("--wait is %s: want 0s or more", c.Wait)
	}
	if len(c.Kafka) > 0 {
		if err := c.topics(ctx, p); err != nil {
			return err
		}
	}
	if len(c.Elasticsearch) > 0 {
		if err := c.prepareElastic(ctx, p); err != nil {
			return err
		}
	}
	if c.Kibana != "" {
		return c.prepareKibana(ctx, p)
	}
	return nil
}

// topics makes the two topics with their usual configuration, under the names that are set.
func (c *setupCmd) topics(ctx context.Context, p *process) error {
	topics := kafka.DefaultTopics()
	for i := range topics {
		topics[i].Replication = c.Replication
		switch topics[i].Name {
		case kafka.RawTopic:
			topics[i].Name, topics[i].Partitions = c.Topic, c.Partitions
		case kafka.DeadTopic:
			topics[i].Name = c.DeadTopic
		}
	}
	admin, err := kafka.NewAdmin(c.connection())
	if err != nil {
		return usageError{err}
	}
	defer admin.Close()
	isNew := map[string]bool{}
	err = c.patiently(ctx, p, "kafka", kafka.Temporary, func() error {
		made, err := admin.EnsureTopics(ctx, topics...)
		for _, t := range made {
			isNew[t] = true
		}
		return err
	})
	for _, t := range topics {
		switch {
		case isNew[t.Name]:
			_, _ = fmt.Fprintf(p.out, "topic %s: created\n", t.Name) // the work counts, not the word
		case err == nil:
			_, _ = fmt.Fprintf(p.out, "topic %s: unchanged\n", t.Name)
		}
	}
	return err
}

// patiently tries again what may succeed later, for as long as --wait says.
func (c *setupCmd) patiently(ctx context.Context, p *process, what string, temporary func(error) bool, do func() error) error {
	until, tell := time.Now().Add(c.Wait), c.again(p, what)
	for pause := setupBackoff; ; pause = min(2*pause, 5*time.Second) {
		err := do()
		left := time.Until(until)
		if err == nil || left <= 0 || ctx.Err() != nil || !temporary(err) {
			return err
		}
		tell(fmt.Errorf("%w: trying again for %s", err, left.Round(time.Second)))
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return err
		}
	}
}

// again tells on standard error what is tried again, each reason once.
func (c *setupCmd) again(p *process, what string) func(error) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		reason := err
		if in := errors.Unwrap(err); in != nil { // without the time that is left
			reason = in
		}
		if !said[reason.Error()] {
			said[reason.Error()] = true
			_, _ = fmt.Fprintf(p.err, "dateline: %s: %v\n", what, err) // the work counts, not the word
		}
	}
}
