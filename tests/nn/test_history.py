"""History: the best of equals is the first, and it prints within 80 columns."""

from nn import History


def long_history() -> History:
    history = History()
    history.record_validation(0, 0.7, [0.0])
    for i in range(1, 100_001):
        history.record_step(1e-7 / i, 0.1 / i, 1.0)
        if i % 1000 == 0:
            history.record_validation(i, 0.1 if i == 37_000 else 0.5, [float(i)])
    return history


def test_the_first_of_equals_is_best() -> None:
    history = History()
    for iteration, loss in enumerate([0.5, 0.3, 0.3, 0.4, 0.3]):
        history.record_validation(iteration, loss, [float(iteration)])
    assert (history.best_iteration, history.best_validation_loss, history.best_weights) == (1, 0.3, [1.0])


def test_a_long_history_prints_some_lines_and_the_best() -> None:
    lines = str(long_history()).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 1 + 12 + 1
    assert [line.split()[0] for line in lines if "<- best" in line] == ["37000"]
    assert lines[-1].split()[0] == "100000"


def test_an_empty_history_prints() -> None:
    history = History()
    assert repr(history) == "<History: 0 iterations, no validation yet>"
    assert str(history) == "iteration   step size   training loss   validation loss"


def test_repr_is_one_line() -> None:
    history = long_history()
    history.ending = "interrupted"
    assert (
        repr(history)
        == "<History: 100000 iterations, best validation loss 0.1 at iteration 37000, interrupted>"
    )
    assert str(history).splitlines()[-1] == "interrupted after iteration 100000"


def test_only_the_best_weights_are_kept() -> None:
    history = long_history()
    kept = [look for look in history.looks if look.weights is not None]
    assert kept == [history.best]
    assert history.best_weights == [37_000.0]
    assert history.looks_since_best == 63


def test_gradient_norms_and_metrics_are_known() -> None:
    history = History()
    history.record_validation(0, 0.7, [0.0], {"accuracy": 0.5})
    history.record_step(0.6, 0.1, 2.0)
    history.record_step(0.4, 0.1, 1.0)
    history.record_validation(2, 0.3, [0.0], {"accuracy": 0.75})
    assert history.gradient_norms == [2.0, 1.0]
    assert history.metrics == {"accuracy": [0.5, 0.75]}
    assert history.training_losses == [0.5]
    assert [line.split()[4] for line in str(history).splitlines()[1:]] == ["0.5", "0.75"]
