// Uses what oapi-codegen makes of the served document. Prints what it saw as JSON.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	"example.com/generated/api"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	withKey := func(_ context.Context, request *http.Request) error {
		request.Header.Set("authorization", "Bearer "+os.Getenv("POSTRIDER_API_KEY"))
		return nil
	}
	client := must(api.NewClientWithResponses(os.Getenv("POSTRIDER_URL"), api.WithRequestEditorFn(withKey)))

	partner := must(client.PutPartnerWithResponse(ctx, "acme", api.PartnerRequest{Name: "Acme"}))

	// Only what the operator cares for is named: the rest has defaults.
	schedule, disabled := []string{"1s", "5s"}, false
	var body api.EndpointDocument_Body
	if err := body.FromEndpointDocumentBody1(map[string]any{
		"order": "{data.order}",
		"fixed": []any{1, "two", map[string]any{"three": nil}},
	}); err != nil {
		panic(err)
	}
	stored := must(client.PutEndpointWithResponse(ctx, "acme", "orders", api.EndpointDocument{
		Url:     "https://acme.example/postbacks",
		Body:    &body,
		Retry:   &api.RetryDocument{Schedule: &schedule},
		Breaker: &api.BreakerDocument{},
		Order:   &api.OrderDocument{},
		Enabled: &disabled,
	}))

	var event api.SendEventsJSONRequestBody
	data := map[string]any{"order": "o-1"}
	if err := event.FromEvent(api.Event{EventId: "order-1", Type: "order.paid", Data: &data}); err != nil {
		panic(err)
	}
	sent := must(client.SendEventsWithResponse(ctx, event))
	acme := "acme"
	listed := must(client.ListDeliveriesWithResponse(ctx, &api.ListDeliveriesParams{Partner: &acme}))
	read := must(client.GetEndpointWithResponse(ctx, "acme", "orders"))
	missing := must(client.GetPartnerWithResponse(ctx, "nobody"))

	accepted, deliveries := []string{}, [][]string{}
	for _, result := range sent.JSON202.Results {
		accepted = append(accepted, string(result.Status))
	}
	for _, delivery := range listed.JSON200.Deliveries {
		deliveries = append(deliveries, []string{delivery.EventId, string(delivery.State)})
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"created":    partner.StatusCode(),
		"secret":     partner.JSON201.SigningSecret,
		"stored":     stored.StatusCode(),
		"accepted":   accepted,
		"deliveries": deliveries,
		"body":       must(read.JSON200.Body.AsEndpointBody1()),
		"schedule":   read.JSON200.Retry.Schedule,
		"breaker":    read.JSON200.Breaker.ConsecutiveFailures,
		"hold":       read.JSON200.Order.MaxHold,
		"missing":    []any{missing.StatusCode(), missing.JSON404.Error.Code},
	}); err != nil {
		panic(err)
	}
}
