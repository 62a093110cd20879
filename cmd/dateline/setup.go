package main

import (
	"context"
	"fmt"

	"github.com/datelinenews/dateline/pipeline/kafka"
)

type setupCmd struct {
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
	made, err := admin.EnsureTopics(ctx, topics...)
	isNew := map[string]bool{}
	for _, t := range made {
		isNew[t] = true
	}
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
