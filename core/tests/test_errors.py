from core.errors import AmountMismatch, DomainError, NotAllowedInState, OutOfStock


def test_the_message_is_a_sentence_for_the_person():
    assert DomainError("That is sold out.").message == "That is sold out."
    assert DomainError().message == "That is not possible."
    assert issubclass(NotAllowedInState, DomainError)
    assert issubclass(AmountMismatch, DomainError)


def test_out_of_stock_says_of_what_and_how_many_are_left():
    error = OutOfStock("Only 2 left.", variant_id=7, available=2)
    assert (error.message, error.variant_id, error.available) == ("Only 2 left.", 7, 2)
