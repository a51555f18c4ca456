"""torch.nn.LSTM replaced by lstm_engine.LSTM in a model and its training: nothing else changes.

The model tells whether a sequence of different lengths has had more ones than minus ones.
"""

import torch
from torch.nn.utils.rnn import pack_padded_sequence

import lstm_engine


class Classifier(torch.nn.Module):
    def __init__(self, lstm):
        super().__init__()
        self.lstm = lstm  # as torch.nn.LSTM: lstm_engine.LSTM(input_size=1, hidden_size=16, batch_first=True)
        self.head = torch.nn.Linear(lstm.hidden_size, 1)

    def forward(self, x, lengths):  # x (N, T, 1)
        _, (h_n, _) = self.lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return self.head(h_n[-1]).squeeze(1)  # (N)


def make_batch(samples=64, time_steps=15):
    lengths = 2 * torch.randint(2, time_steps // 2 + 1, (samples,)) + 1  # odd: never as many of the one as of the other
    x = torch.randint(0, 2, (samples, time_steps, 1)) * 2.0 - 1
    is_counted = torch.arange(time_steps) < lengths.unsqueeze(1)
    return x, lengths, ((x.squeeze(2) * is_counted).sum(1) > 0).float()


def main():
    torch.manual_seed(1)
    model = Classifier(lstm_engine.LSTM(input_size=1, hidden_size=16, batch_first=True))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(201):
        x, lengths, labels = make_batch()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x, lengths), labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 50 == 0 and step < 200:
            print("step %d: loss %.4f" % (step, loss.item()))
    with torch.no_grad():
        plain = Classifier(torch.nn.LSTM(input_size=1, hidden_size=16, batch_first=True))
        plain.load_state_dict(model.state_dict())  # the same names: models go from one to the other
        difference = (plain(x, lengths) - model(x, lengths)).abs().max()
    print("step 200: loss %.4f, torch.nn.LSTM %s" % (loss.item(), "agrees" if difference < 1e-4 else "DIFFERS"))


if __name__ == "__main__":
    main()
